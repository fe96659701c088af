import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.LoopThread;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketException;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.junit.jupiter.api.Test;

/** Tests a loop with its own thread. */
class LoopThreadTest {
    /** Queues the events, each with the thread that called, for another thread. */
    private static final class Events extends WebSocketListener {
        final LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();
        final AtomicReference<Thread> thread = new AtomicReference<>();

        private void add(Object event) {
            thread.set(Thread.currentThread());
            events.add(event);
        }

        Object next() throws InterruptedException {
            Object next = events.poll(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS);
            assertNotNull(next, "an event");
            return next;
        }

        @Override
        public void onConnect(WebSocket socket) {
            add("connected");
        }

        @Override
        public void onMessage(WebSocket socket, String text) {
            add(text);
            if (text.equals("throw")) throw new IllegalStateException("in the listener");
            if (text.equals("close the loop")) socket.getLoop().close();
        }

        @Override
        public void onClose(WebSocket socket, CloseInfo info) {
            add(info);
        }
    }

    private static boolean ends(LoopThread thread) throws InterruptedException {
        return thread.join(Support.WAIT_LIMIT_MILLIS);
    }

    /** While the thread waits in its poll, other threads connect, send and close. */
    @Test
    void listenersRunOnItsThread() throws Exception {
        LoopThread thread = new LoopThread();
        WebSocketLoop loop = thread.getLoop();
        assertTrue(loop.getOptions().isInline());
        Events events = new Events();
        WebSocket socket = loop.connect(Support.ECHO, events);
        assertEquals("connected", events.next());
        Thread ours = events.thread.get();
        assertNotEquals(Thread.currentThread(), ours);
        assertEquals("egret-ws-loop", ours.getName());
        assertTrue(ours.isDaemon());
        for (int i = 0; i < 50; i++) {
            assertEquals(ErrorCode.OK, socket.send("message " + i));
            assertEquals("message " + i, events.next());
            assertSame(ours, events.thread.get());
        }
        Events second = new Events();
        WebSocket other = loop.connect(Support.ECHO, second);
        assertEquals("connected", second.next());
        assertSame(ours, second.thread.get());
        other.close();
        assertTrue(((CloseInfo) second.next()).isClean());
        assertEquals(WebSocket.State.OPEN, socket.getState());

        thread.close();
        assertTrue(ends(thread));
        assertFalse(ours.isAlive());
        assertNotNull(loop.getCloseInfo());
        assertEquals(0, events.events.size(), "no listener is called after the close");
        assertEquals(ErrorCode.NOT_OPEN, socket.send("late"));
        assertEquals(0, loop.poll(-1));
        thread.close();
    }

    @Test
    void severalThreadsSend() throws Exception {
        int threads = 3;
        int each = 500;
        try (LoopThread thread = new LoopThread()) {
            Events events = new Events();
            WebSocket socket = thread.getLoop().connect(Support.ECHO, events);
            assertEquals("connected", events.next());
            List<Thread> senders = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int sender = t;
                senders.add(new Thread(() -> {
                    for (int n = 0; n < each; n++)
                        while (socket.send(sender + " " + n) == ErrorCode.BACKPRESSURE) Thread.yield();
                }));
            }
            senders.forEach(Thread::start);
            int[] next = new int[threads];
            for (int i = 0; i < threads * each; i++) {
                String[] words = ((String) events.next()).split(" ");
                assertEquals(next[Integer.parseInt(words[0])]++, Integer.parseInt(words[1]));
            }
            for (Thread sender : senders) sender.join();
        }
    }

    @Test
    void aListenerMayCloseTheLoop() throws Exception {
        LoopThread thread = new LoopThread();
        Events events = new Events();
        WebSocket socket = thread.getLoop().connect(Support.ECHO, events);
        assertEquals("connected", events.next());
        socket.send("close the loop");
        assertEquals("close the loop", events.next());
        assertTrue(ends(thread));
        assertNotNull(thread.getLoop().getCloseInfo());
    }

    @Test
    void noOtherThreadPolls() throws Exception {
        try (LoopThread thread = new LoopThread()) {
            WebSocketException refused = assertThrows(WebSocketException.class, thread.getLoop()::poll);
            assertEquals(ErrorCode.BUSY, refused.getError());
            assertTrue(refused.getMessage().contains("LoopThread"), refused.getMessage());
            refused = assertThrows(WebSocketException.class, () -> thread.getLoop().setWakeup(() -> {}));
            assertEquals(ErrorCode.UNSUPPORTED, refused.getError());
            assertTrue(refused.getMessage().contains("getDescriptor()"), refused.getMessage());
        }
    }

    @Test
    void anExceptionOfAListenerIsReported() throws Exception {
        LinkedBlockingQueue<Throwable> thrown = new LinkedBlockingQueue<>();
        LoopOptions options = new LoopOptions.Builder().exceptionHandler((socket, t) -> thrown.add(t)).build();
        try (LoopThread thread = new LoopThread(options)) {
            Events events = new Events();
            WebSocket socket = thread.getLoop().connect(Support.ECHO, events);
            assertEquals("connected", events.next());
            socket.send("throw");
            assertEquals("throw", events.next());
            assertEquals("in the listener", thrown.poll(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS).getMessage());
            socket.send("again");
            assertEquals("again", events.next());
        }
    }

    @Test
    void theFactoryMakesTheThread() throws Exception {
        Thread[] made = new Thread[1];
        try (LoopThread thread = new LoopThread(new LoopOptions.Builder().build(), run -> made[0] = new Thread(run, "mine"))) {
            Events events = new Events();
            thread.getLoop().connect(Support.ECHO, events);
            assertEquals("connected", events.next());
            assertSame(made[0], events.thread.get());
            assertFalse(made[0].isDaemon());
        }
        made[0].join(Support.WAIT_LIMIT_MILLIS);
        assertFalse(made[0].isAlive());
        int before = descriptors();
        LoopOptions options = new LoopOptions.Builder().build();
        for (int i = 0; i < 20; i++) {
            assertThrows(IllegalStateException.class, () -> new LoopThread(options, run -> null));
            assertThrows(IllegalThreadStateException.class, () -> new LoopThread(options, run -> Thread.currentThread()));
        }
        assertTrue(descriptors() < before + 20, "the loop is closed if there is no thread for it");
    }

    /** If a poll fails, the thread and its loop end with a report. Here a factory runs the task in two threads. */
    @Test
    void aFailureIsReported() throws Exception {
        LinkedBlockingQueue<Throwable> thrown = new LinkedBlockingQueue<>();
        LoopOptions options = new LoopOptions.Builder().exceptionHandler((socket, t) -> thrown.add(t)).build();
        Thread[] second = new Thread[1];
        LoopThread thread = new LoopThread(options, run -> {
            second[0] = new Thread(run);
            second[0].start();
            return new Thread(run);
        });
        WebSocketException failure = (WebSocketException) thrown.poll(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS);
        assertNotNull(failure);
        assertEquals(ErrorCode.BUSY, failure.getError());
        assertTrue(ends(thread));
        second[0].join(Support.WAIT_LIMIT_MILLIS);
        assertFalse(second[0].isAlive());
        assertTrue(thread.getLoop().isClosed());
        assertNotNull(thread.getLoop().getCloseInfo());
    }

    /** Messages that were accepted before a close are sent, and join waits until then. */
    @Test
    void theEndLeavesTimeForMessages() throws Exception {
        try (Server server = new Server(peer -> {
            peer.accept("");
            for (int i = 0; i < 100; i++) peer.found(peer.frame().length);
            peer.closing();
        })) {
            LoopOptions options = new LoopOptions.Builder().lingerMillis(Support.WAIT_LIMIT_MILLIS).build();
            LoopThread thread = new LoopThread(options);
            Events events = new Events();
            WebSocket socket = thread.getLoop().connect(server.url(), events);
            assertEquals("connected", events.next());
            for (int i = 0; i < 100; i++) assertEquals(ErrorCode.OK, socket.send(new byte[5000 + i]));
            thread.close();
            assertTrue(ends(thread));
            assertEquals(0, thread.getLoop().getCloseInfo().getUnsentMessages());
            for (int i = 0; i < 100; i++) assertEquals(5000 + i, server.take());
        }
    }

    @Test
    void nothingIsLeftOfEndedLoops() throws Exception {
        int before = descriptors();
        for (int i = 0; i < 200; i++) {
            LoopThread thread = new LoopThread();
            if (i % 2 == 0) thread.getLoop().connect(Support.ECHO, new Events());
            thread.close();
            assertTrue(ends(thread));
        }
        assertTrue(descriptors() < before + 50, descriptors() + " descriptors after " + before);
    }

    private static int descriptors() throws Exception {
        try (Stream<Path> all = Files.list(Paths.get("/proc/self/fd"))) {
            return (int) all.count();
        }
    }
}
