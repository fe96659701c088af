import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests calls from many threads, and callbacks into Java on threads of the library. */
class ThreadsTest {
    /** Creates garbage and runs the garbage collector, until it is stopped. */
    private static Thread collector(AtomicBoolean stop) {
        Thread thread = new Thread(() -> {
            while (!stop.get()) {
                List<byte[]> garbage = new ArrayList<>();
                for (int i = 0; i < 200; i++) garbage.add(new byte[10_000]);
                System.gc();
            }
        }, "collector");
        thread.start();
        return thread;
    }

    /** The echoes of each thread arrive in order, while the garbage collector moves objects. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void manyThreadsSendUnderGarbageCollection(boolean inline) throws Exception {
        int threads = 8;
        int each = 400;
        int[] next = new int[threads];
        int[] events = new int[1];
        WebSocketListener listener = new WebSocketListener() {
            private void count(int thread, int number) {
                assertEquals(next[thread]++, number);
                events[0]++;
            }

            @Override
            public void onMessage(WebSocket socket, String text) {
                String[] parts = text.split(" ");
                count(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
            }

            @Override
            public void onMessage(WebSocket socket, byte[] data) {
                int thread = data[0];
                int number = (data[1] & 255) << 8 | data[2] & 255;
                for (int i = 3; i < data.length; i++) assertEquals((byte) (number + i), data[i]);
                count(thread, number);
            }
        };
        List<Throwable> thrown = new ArrayList<>();
        LoopOptions options = new LoopOptions.Builder().inline(inline).exceptionHandler((s, t) -> thrown.add(t)).build();
        AtomicBoolean stop = new AtomicBoolean();
        Thread collector = collector(stop);
        try (WebSocketLoop loop = new WebSocketLoop(options)) {
            WebSocket socket = loop.connect(Support.ECHO, listener);
            Support.until(loop, "it connects", () -> socket.getState() == WebSocket.State.OPEN);
            List<Thread> senders = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int thread = t;
                senders.add(new Thread(() -> {
                    for (int n = 0; n < each; n++) {
                        byte[] data = new byte[3 + n * 17 % 6000];
                        data[0] = (byte) thread;
                        data[1] = (byte) (n >> 8);
                        data[2] = (byte) n;
                        for (int i = 3; i < data.length; i++) data[i] = (byte) (n + i);
                        String text = thread + " " + n + " 白鹭";
                        while ((n % 2 == 0 ? socket.send(text) : socket.send(data)) == ErrorCode.BACKPRESSURE)
                            Thread.yield();
                    }
                }));
            }
            senders.forEach(Thread::start);
            Support.until(loop, "all echoes have arrived", () -> events[0] == threads * each || !thrown.isEmpty());
            for (Thread sender : senders) sender.join();
            assertEquals(List.of(), thrown);
            assertEquals(threads * each, events[0]);
        } finally {
            stop.set(true);
            collector.join();
        }
    }

    /** Several threads open, send, close and free while one thread polls. */
    @Test
    void manyThreadsOpenAndClose() throws Exception {
        int threads = 6;
        int each = 40;
        AtomicInteger ended = new AtomicInteger();
        AtomicInteger freed = new AtomicInteger();
        AtomicBoolean stop = new AtomicBoolean();
        Thread collector = collector(stop);
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocketListener listener = new WebSocketListener() {
                @Override
                public void onConnect(WebSocket socket) {
                    socket.close();
                }

                @Override
                public void onClose(WebSocket socket, org.egret.websocket.CloseInfo info) {
                    ended.incrementAndGet();
                }
            };
            List<Thread> openers = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                openers.add(new Thread(() -> {
                    for (int n = 0; n < each; n++) {
                        WebSocket socket = loop.connect(Support.ECHO, listener);
                        socket.send("perhaps");
                        if (n % 4 == 0 && socket.getState() == WebSocket.State.CONNECTING) {
                            socket.free();
                            freed.incrementAndGet();
                        }
                    }
                }));
            }
            openers.forEach(Thread::start);
            // A freed socket may have been closed before. No listener gets onClose twice, and the listener of each kept socket
            // gets it once.
            int kept = threads * each - threads * (each / 4);
            Support.until(loop, "all kept sockets have ended", () -> ended.get() >= kept
                    && ended.get() + freed.get() >= threads * each);
            for (Thread opener : openers) opener.join();
            assertTrue(ended.get() <= threads * each);
        } finally {
            stop.set(true);
            collector.join();
        }
    }

    @Test
    void oneThreadPollsAtATime() throws Exception {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            LinkedBlockingQueue<Integer> results = new LinkedBlockingQueue<>();
            Thread poller = new Thread(() -> results.add(loop.poll(-1)));
            poller.start();
            // Poll until the other thread waits in its poll. An earlier poll of this thread has returned by then.
            long deadline = System.nanoTime() + Support.WAIT_LIMIT_MILLIS * 1_000_000;
            ErrorCode error;
            while ((error = Support.errorOf(loop::poll)) == ErrorCode.OK) assertTrue(System.nanoTime() < deadline);
            assertEquals(ErrorCode.BUSY, error);
            loop.wake();
            assertEquals(0, results.poll(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS));
            poller.join();
        }
    }

    /** Polls a loop only after its wake-ups, which come from another thread and sometimes throw. */
    @Test
    void wakeupDrivesALoop() throws Exception {
        LinkedBlockingQueue<Thread> wakeups = new LinkedBlockingQueue<>();
        LinkedBlockingQueue<Throwable> thrown = new LinkedBlockingQueue<>();
        LoopOptions options = new LoopOptions.Builder().exceptionHandler((socket, t) -> {
            if (socket == null) thrown.add(t);
        }).build();
        Support.Recorder events = new Support.Recorder();
        try (WebSocketLoop loop = new WebSocketLoop(options)) {
            loop.setWakeup(() -> {
                wakeups.add(Thread.currentThread());
                throw new IllegalStateException("in the wake-up");
            });
            WebSocket socket = loop.connect(Support.ECHO, events);
            int sent = 0;
            while (events.messages.size() < 20) {
                Thread waker = wakeups.poll(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS);
                assertNotEquals(null, waker, "a wake-up after " + events.messages.size() + " messages");
                loop.poll();
                if (events.connects == 1 && sent == events.messages.size()) {
                    sent++;
                    socket.send("next");
                }
            }
            assertTrue(thrown.size() >= 20);
            loop.setWakeup(null);
        }
    }

    /** While a wake-up or a log callback runs on another thread, setWakeup and close wait. Afterwards its objects can be freed. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void noWakeupRunsAfterSetWakeupOrCloseReturns(boolean close) throws Exception {
        for (int i = 0; i < 20; i++) {
            AtomicInteger inside = new AtomicInteger();
            CountDownLatch begun = new CountDownLatch(1);
            WebSocketLoop loop = new WebSocketLoop();
            loop.setWakeup(() -> {
                inside.incrementAndGet();
                begun.countDown();
                for (int n = 0; n < 1000; n++) Thread.yield();
                inside.decrementAndGet();
            });
            loop.connect(Support.ECHO, new Support.Recorder());
            assertTrue(begun.await(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS));
            if (close) loop.close();
            else loop.setWakeup(null);
            assertEquals(0, inside.get());
            loop.close();
        }
    }

    @Test
    void anInlineLoopHasNoWakeup() {
        try (WebSocketLoop loop = Support.loop(true)) {
            assertEquals(ErrorCode.UNSUPPORTED, Support.errorOf(() -> loop.setWakeup(() -> {})));
            assertTrue(loop.getDescriptor() > 2);
            assertTrue(loop.getNextPollMillis() >= 0);
        }
    }

    /** Log lines also come from the I/O thread, which Java does not know. An exception of the log is reported. */
    @Test
    void logLinesComeFromAnyThread() throws Exception {
        ConcurrentHashMap<Thread, String> logged = new ConcurrentHashMap<>();
        AtomicInteger thrown = new AtomicInteger();
        CountDownLatch closed = new CountDownLatch(1);
        long[] id = new long[1];
        LoopOptions options = new LoopOptions.Builder().logLevel(LoopOptions.LogLevel.DEBUG).log((level, text, socket) -> {
            logged.merge(Thread.currentThread(), level + " " + text + " " + socket + "\n", String::concat);
            throw new IllegalStateException("in the log");
        }).exceptionHandler((socket, t) -> thrown.incrementAndGet()).build();
        Support.Recorder events = new Support.Recorder();
        try (WebSocketLoop loop = new WebSocketLoop(options)) {
            WebSocket socket = loop.connect(Support.ECHO, events);
            id[0] = socket.getId();
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertEquals(ErrorCode.MESSAGE_TOO_BIG, socket.send(new byte[200_000]));
            closed.countDown();
        }
        String ours = logged.remove(Thread.currentThread());
        assertTrue(ours.contains("WARN ") && ours.contains(" " + id[0]), ours);
        assertTrue(!logged.isEmpty(), "the I/O thread logged nothing");
        for (Thread thread : logged.keySet()) {
            assertNotSame(Thread.currentThread(), thread);
            assertTrue(thread.isDaemon(), thread.getName());
        }
        assertTrue(thrown.get() > 1);
        // The attached threads end with their loop.
        long deadline = System.nanoTime() + Support.WAIT_LIMIT_MILLIS * 1_000_000;
        for (Thread thread : logged.keySet())
            while (thread.isAlive()) {
                assertTrue(System.nanoTime() < deadline, thread.getName() + " is still attached");
                Thread.yield();
            }
    }
}
