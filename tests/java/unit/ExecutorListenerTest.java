import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.ExecutorListener;
import org.egret.websocket.Frame;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.LoopThread;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;

/** Tests listeners that an executor calls. */
class ExecutorListenerTest {
    /** Keeps its tasks until the test runs them. */
    private static final class Held implements Executor {
        final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
        volatile boolean refuses;

        @Override
        public void execute(Runnable task) {
            if (refuses) throw new RejectedExecutionException("full");
            tasks.add(task);
        }

        void runAll() {
            while (!tasks.isEmpty()) tasks.remove().run();
        }
    }

    @Test
    void everyMethodIsHandedOver() {
        for (Method method : WebSocketListener.class.getDeclaredMethods()) {
            if (!Modifier.isPublic(method.getModifiers())) continue;
            assertTrue(List.of(ExecutorListener.class.getDeclaredMethods()).stream().anyMatch(own -> own.getName().equals(method.getName())
                    && List.of(own.getParameterTypes()).equals(List.of(method.getParameterTypes()))), method.toString());
        }
    }

    /** An executor with several threads handles one event at a time, in order, while the loop continues. */
    @Test
    void eventsKeepTheirOrder() throws Exception {
        int count = 2000;
        ExecutorService executor = Executors.newFixedThreadPool(3);
        LinkedBlockingQueue<Object> order = new LinkedBlockingQueue<>();
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger overlaps = new AtomicInteger();
        WebSocketListener listener = new WebSocketListener() {
            private void event(Object what) {
                if (inside.incrementAndGet() != 1) overlaps.incrementAndGet();
                if (Thread.currentThread().getName().startsWith("egret")) overlaps.incrementAndGet();
                order.add(what);
                inside.decrementAndGet();
            }

            @Override
            public void onConnect(WebSocket socket) {
                event("connected");
                for (int i = 0; i < count; i++) assertEquals(ErrorCode.OK, i % 2 == 0 ? socket.send("" + i) : socket.send(("" + i).getBytes()));
                socket.ping("pinged".getBytes());
            }

            @Override
            public void onMessage(WebSocket socket, String text) {
                event(text);
            }

            @Override
            public void onMessage(WebSocket socket, byte[] data) {
                event(new String(data));
                if (new String(data).equals("" + (count - 1))) socket.close();
            }

            @Override
            public void onPong(WebSocket socket, byte[] data) {
                event(new String(data));
            }

            @Override
            public void onClose(WebSocket socket, CloseInfo info) {
                event(info.isClean());
            }
        };
        try (LoopThread thread = new LoopThread()) {
            thread.getLoop().connect(Support.ECHO, new ExecutorListener(executor, listener));
            List<Object> events = new ArrayList<>();
            boolean ponged = false;
            do {
                Object next = order.poll(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS);
                if (next == null) throw new AssertionError("no event after " + events.size());
                if (next.equals("pinged")) ponged = true; // a control frame may overtake messages
                else events.add(next);
            } while (!(events.get(events.size() - 1) instanceof Boolean));
            List<Object> expected = new ArrayList<>(List.of("connected"));
            for (int i = 0; i < count; i++) expected.add("" + i);
            expected.add(true);
            assertEquals(expected, events);
            assertTrue(ponged);
            assertEquals(0, overlaps.get());
        } finally {
            executor.shutdown();
        }
    }

    /** Tests frames, drains, retries and direct buffers. The content of queued buffers does not change. */
    @Test
    void otherEventsAndBuffers() {
        Held executor = new Held();
        List<String> events = new ArrayList<>();
        WebSocketListener listener = new WebSocketListener() {
            @Override
            public void onMessage(WebSocket socket, ByteBuffer data) {
                events.add(new String(data.array(), data.position(), data.remaining()));
            }

            @Override
            public void onFrame(WebSocket socket, Frame frame) {
                events.add("frame");
            }

            @Override
            public void onDrain(WebSocket socket) {
                events.add("drain");
            }

            @Override
            public void onRetry(WebSocket socket, CloseInfo info, int attempt, long delayMillis) {
                events.add("retry " + attempt);
                socket.close();
            }
        };
        ExecutorListener handedOver = new ExecutorListener(executor, listener);
        try (WebSocketLoop loop = Support.loop(true)) {
            WebSocketOptions options = new WebSocketOptions.Builder().directMessages(true).maxSendBufferBytes(200_000).build();
            WebSocket socket = loop.connect(Support.ECHO, options, handedOver);
            Support.until(loop, "it connects", () -> socket.getState() == WebSocket.State.OPEN);
            for (String each : List.of("one", "two", "three")) assertEquals(ErrorCode.OK, socket.send(each.getBytes()));
            Support.until(loop, "the echoes have arrived", () -> socket.getStats().getMessagesReceived() == 3);
            loop.poll();
            executor.runAll();
            assertEquals(List.of("one", "two", "three"), events);
            events.clear();
            while (socket.send(new byte[100_000]) == ErrorCode.OK) { }
            Support.until(loop, "it drains", () -> {
                executor.runAll();
                return events.contains("drain");
            });
            handedOver.onFrame(socket, null);
            executor.runAll();
            assertEquals("frame", events.get(events.size() - 1));
            WebSocketOptions retrying = new WebSocketOptions.Builder().retryAttempts(1).build();
            WebSocket failing = loop.connect("ws://127.0.0.1:1/", retrying, handedOver);
            Support.until(loop, "the server refuses", () -> {
                executor.runAll();
                return failing.getState() == WebSocket.State.CLOSED;
            });
            assertTrue(events.contains("retry 1"), events.toString());
        }
    }

    /** The executor is too slow: TCP slows the peer down, no event is lost, and the queue stays within its limits. */
    @Test
    void aSlowExecutorPausesReceiving() {
        int count = 6000;
        for (int size : new int[] {8, 4000}) {
            Held executor = new Held();
            Support.Recorder events = new Support.Recorder();
            try (WebSocketLoop loop = Support.loop(true)) {
                WebSocketOptions options =
                        new WebSocketOptions.Builder().maxReceiveQueueBytes(300_000).maxSendBufferBytes(32 << 20).build();
                WebSocket socket = loop.connect(Support.ECHO, options, new ExecutorListener(executor, events));
                Support.until(loop, "it connects", () -> socket.getState() == WebSocket.State.OPEN);
                for (int i = 0; i < count; i++) assertEquals(ErrorCode.OK, socket.send(new byte[size]));
                Support.until(loop, "messages are queued in the library", () -> socket.getStats().getReceiveQueueBytes() > 0);
                for (int i = 0; i < 100; i++) loop.poll();
                executor.runAll();
                int waited = events.messages.size();
                int limit = Math.min(ExecutorListener.MAX_WAITING_EVENTS, ExecutorListener.MAX_WAITING_BYTES / size + 1);
                assertTrue(waited <= limit && waited > limit / 2, waited + " messages were queued, the limit is " + limit);
                Support.until(loop, "all came", () -> {
                    executor.runAll();
                    return events.messages.size() == count;
                });
            }
        }
    }

    /** A pause by the program lasts until the program ends it. */
    @Test
    void aPauseOfTheProgramStays() {
        Held executor = new Held();
        Support.Recorder events = new Support.Recorder();
        try (WebSocketLoop loop = Support.loop(true)) {
            WebSocket socket = loop.connect(Support.ECHO, new ExecutorListener(executor, events));
            Support.until(loop, "it connects", () -> socket.getState() == WebSocket.State.OPEN);
            for (int i = 0; i < 3000; i++) assertEquals(ErrorCode.OK, socket.send(new byte[8]));
            Support.until(loop, "messages are queued in the library", () -> socket.getStats().getReceiveQueueBytes() > 0);
            for (int i = 0; i < 10; i++) loop.poll();
            socket.pauseReceive();
            executor.runAll();
            int before = events.messages.size();
            Support.until(loop, "the other messages have arrived", () -> socket.getStats().getReceiveQueueBytes() >= 8L * (3000 - before));
            for (int i = 0; i < 10; i++) loop.poll();
            executor.runAll();
            assertEquals(before, events.messages.size(), "no message is delivered during the pause of the program");
            socket.resumeReceive();
            Support.until(loop, "all came", () -> {
                executor.runAll();
                return events.messages.size() == 3000;
            });
        }
    }

    @Test
    void freeAndTheEndOfTheLoopDropQueuedEvents() {
        for (boolean ofLoop : new boolean[] {false, true}) {
            Held executor = new Held();
            Support.Recorder events = new Support.Recorder();
            try (WebSocketLoop loop = Support.loop(true)) {
                WebSocket socket = loop.connect(Support.ECHO, new ExecutorListener(executor, events));
                Support.until(loop, "it connects", () -> !executor.tasks.isEmpty());
                if (ofLoop) loop.close();
                else socket.free();
                executor.runAll();
                assertEquals(0, events.connects);
            }
        }
    }

    @Test
    void exceptionsAndRefusalsAreReported() {
        Held executor = new Held();
        List<Throwable> thrown = new ArrayList<>();
        List<WebSocket> sockets = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        WebSocketListener listener = new WebSocketListener() {
            @Override
            public void onMessage(WebSocket socket, String text) {
                texts.add(text);
                if (text.equals("throw")) throw new IllegalStateException("in the listener");
            }
        };
        LoopOptions options = new LoopOptions.Builder().inline(true).exceptionHandler((socket, t) -> {
            thrown.add(t);
            sockets.add(socket);
        }).build();
        try (WebSocketLoop loop = new WebSocketLoop(options)) {
            WebSocket socket = loop.connect(Support.ECHO, new ExecutorListener(executor, listener));
            Support.until(loop, "it connects", () -> !executor.tasks.isEmpty());
            socket.send("throw");
            Support.until(loop, "it throws", () -> {
                executor.runAll();
                return thrown.size() == 1;
            });
            assertEquals("in the listener", thrown.get(0).getMessage());
            executor.refuses = true;
            socket.send("refused");
            Support.until(loop, "the refusal is reported", () -> thrown.size() == 2);
            assertTrue(thrown.get(1) instanceof RejectedExecutionException);
            for (WebSocket each : sockets) assertSame(socket, each);
            executor.refuses = false;
            socket.send("next");
            Support.until(loop, "both come", () -> {
                executor.runAll();
                return texts.size() == 3;
            });
            assertEquals(List.of("throw", "refused", "next"), texts);
        }
    }

    /** The listener retries by itself, because a socket that is paused sends no events. */
    @Test
    void aFullExecutorIsTriedAgain() {
        Held executor = new Held();
        Support.Recorder events = new Support.Recorder();
        AtomicInteger refusals = new AtomicInteger();
        LoopOptions options = new LoopOptions.Builder().inline(true).exceptionHandler((socket, thrown) -> refusals.incrementAndGet()).build();
        try (WebSocketLoop loop = new WebSocketLoop(options)) {
            WebSocket socket = loop.connect(Support.ECHO, new ExecutorListener(executor, events));
            Support.until(loop, "it connects", () -> !executor.tasks.isEmpty());
            executor.runAll();
            executor.refuses = true;
            for (int i = 0; i < 3000; i++) assertEquals(ErrorCode.OK, socket.send(new byte[8]));
            Support.until(loop, "messages are queued in the library", () -> socket.getStats().getReceiveQueueBytes() > 0);
            for (int i = 0; i < 10; i++) loop.poll();
            assertEquals(0, events.messages.size());
            assertTrue(refusals.get() > 0, "the refusals are reported");
            executor.refuses = false;
            Support.until(loop, "all came", () -> {
                executor.runAll();
                return events.messages.size() == 3000;
            });
        }
    }
}
