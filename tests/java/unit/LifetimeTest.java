import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.egret.websocket.WebSocketStats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** After a socket and a loop have ended, nothing is left of them, and late calls are refused. */
class LifetimeTest {
    private static void assertEnded(WebSocket socket) {
        assertEquals(WebSocket.State.CLOSED, socket.getState());
        assertEquals(ErrorCode.NOT_OPEN, socket.send("x"));
        assertEquals(ErrorCode.NOT_OPEN, socket.send(new byte[1]));
        assertEquals(ErrorCode.NOT_OPEN, socket.send(ByteBuffer.allocateDirect(1)));
        assertEquals(ErrorCode.NOT_OPEN, socket.ping());
        socket.close();
        socket.close(4000, "again");
        socket.cancel();
        socket.free();
        socket.retryNow();
        socket.pauseReceive();
        socket.resumeReceive();
        assertEquals(0, socket.getBufferedAmount());
    }

    /** Returns the values of all getters as text, except the state and the buffered amount, which change at the end. */
    private static String values(WebSocket socket) {
        WebSocketStats stats = socket.getStats();
        String text = "id " + socket.getId() + ", generation " + socket.getGeneration() + ", subprotocol " + socket.getSubprotocol()
                + ", extensions " + socket.getExtensions() + ", headers " + socket.getResponseHeaders() + ", http " + stats.getHttpStatus()
                + ", sent " + stats.getMessagesSent() + ", received " + stats.getMessagesReceived() + ", address " + socket.getRemoteAddress();
        for (String name : new String[] {"Twice", "TWICE", "empty", "Colon", "Twic", "Twice ", "", ":", "None"})
            text += ", " + name + "=" + Support.orError(() -> socket.getResponseHeader(name));
        return text;
    }

    /** A server that chooses a subprotocol, and answers with a repeated, an empty and an ordinary header. */
    private static Server answering() throws Exception {
        return new Server(peer -> {
            peer.accept("Sec-WebSocket-Protocol: b\r\nTwice: one\r\nTwice: two, three\r\nEmpty:\r\nColon: a: b\r\n");
            peer.send(1, "hello".getBytes());
            peer.closing();
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void gettersReturnTheLastValuesAfterOnClose(boolean inline) throws Exception {
        String[] inOnClose = new String[1];
        Support.Recorder events = new Support.Recorder() {
            @Override
            public void onClose(WebSocket socket, CloseInfo info) {
                super.onClose(socket, info);
                inOnClose[0] = values(socket);
            }
        };
        WebSocketLoop loop = Support.loop(inline);
        WebSocket socket;
        try (Server server = answering()) {
            socket = loop.connect(server.url(), new WebSocketOptions.Builder().subprotocols("a", "b").build(), events);
            Support.until(loop, "it hears", () -> events.messages.size() == 1);
            socket.send("bye");
            socket.close();
            Support.until(loop, "it closes", () -> events.closed != null);
            assertEnded(socket);
            assertTrue(inOnClose[0].contains("generation 1, subprotocol b") && inOnClose[0].contains("http 101, sent 1, received 1")
                    && inOnClose[0].contains("Twice=one, two, three") && inOnClose[0].contains("Colon=a: b"), inOnClose[0]);
            assertEquals(inOnClose[0], values(socket));
            loop.close();
            assertEquals(inOnClose[0], values(socket));
            assertEnded(socket);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void gettersReturnTheLastValuesAfterFree(boolean inline) throws Exception {
        Support.Recorder events = new Support.Recorder();
        try (Server server = answering(); WebSocketLoop loop = Support.loop(inline)) {
            WebSocket socket = loop.connect(server.url(), new WebSocketOptions.Builder().subprotocols("b").build(), events);
            Support.until(loop, "it hears", () -> events.messages.size() == 1);
            String open = values(socket);
            socket.free();
            assertEquals(open, values(socket));
            assertEnded(socket);
            loop.poll();
            assertEquals(open, values(socket));
        }
    }

    /** The getters return the answer of a server that refused, even if the socket was freed in its own callback. */
    @Test
    void gettersOfARefusedSocketAndOfASocketFreedInItsCallbacks() throws Exception {
        Support.Recorder refused = new Support.Recorder();
        Support.Recorder freed = new Support.Recorder() {
            @Override
            public void onClose(WebSocket socket, CloseInfo info) {
                super.onClose(socket, info);
                socket.free();
            }
        };
        try (Server server = new Server(peer -> {
                    peer.head();
                    peer.write("HTTP/1.1 403 Forbidden\r\nWhy: banned\r\nContent-Length: 0\r\n\r\n");
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket[] sockets = {loop.connect(server.url(), refused), loop.connect(server.url(), freed)};
            Support.until(loop, "both end", () -> refused.closed != null && freed.closed != null);
            for (WebSocket socket : sockets) {
                assertEquals(403, socket.getStats().getHttpStatus());
                assertEquals("banned", socket.getResponseHeader("why"));
                assertEquals(0, socket.getGeneration());
                assertEnded(socket);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void callsAfterTheEndOfTheSocket(boolean inline) {
        Support.Recorder events = new Support.Recorder();
        try (WebSocketLoop loop = Support.loop(inline)) {
            WebSocket socket = loop.connect(Support.ECHO, events);
            assertEquals(WebSocket.State.CONNECTING, socket.getState());
            assertEquals(ErrorCode.NOT_OPEN, socket.send("early"));
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertEquals(WebSocket.State.OPEN, socket.getState());
            socket.close(4001, "grüße");
            assertTrue(socket.getState().compareTo(WebSocket.State.CLOSING) >= 0);
            Support.until(loop, "it closes", () -> events.closed != null);
            assertTrue(events.closed.isClean());
            assertEquals(4001, events.closed.getCode());
            assertEquals(4001, events.closed.getSentCode());
            assertEquals("grüße", events.closed.getReason());
            assertEquals(CloseInfo.Initiator.LOCAL, events.closed.getInitiator());
            assertEnded(socket);
        }
    }

    /** A listener cancels: the queued messages are dropped, and the peer gets no Close frame. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void cancelDropsTheConnection(boolean inline) throws Exception {
        CountDownLatch canceled = new CountDownLatch(1);
        try (Server server = new Server(peer -> {
                    peer.accept("");
                    String frame = "\u0081\5hello";
                    peer.write(frame + frame + frame);
                    canceled.await();
                    try {
                        peer.frame();
                        peer.found("a frame " + peer.opcode);
                    } catch (java.io.IOException reset) {
                        peer.found("no frame");
                    }
                });
                WebSocketLoop loop = Support.loop(inline)) {
            Support.Recorder events = new Support.Recorder() {
                @Override
                public void onMessage(WebSocket socket, String text) {
                    super.onMessage(socket, text);
                    socket.cancel();
                    assertEquals(ErrorCode.NOT_OPEN, socket.send("late"));
                }
            };
            WebSocket socket = loop.connect(server.url(), events);
            Support.until(loop, "it ends", () -> events.closed != null);
            canceled.countDown();
            assertEquals("no frame", server.take());
            assertEquals(List.of("hello"), events.messages);
            assertEquals(ErrorCode.ABORTED, events.closed.getError());
            assertEquals(CloseInfo.Initiator.LOCAL, events.closed.getInitiator());
            assertEquals(CloseInfo.Phase.OPEN, events.closed.getPhase());
            assertEnded(socket);
        }
    }

    /** The socket is cancelled while it connects, and while it waits for a reconnection. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void cancelEndsAttempts(boolean inline) {
        try (WebSocketLoop loop = Support.loop(inline)) {
            Support.Recorder early = new Support.Recorder();
            loop.connect(Support.ECHO, early).cancel();
            Support.until(loop, "it ends", () -> early.closed != null);
            assertEquals(ErrorCode.ABORTED, early.closed.getError());
            Support.Recorder retrying = new Support.Recorder();
            WebSocketOptions forever = new WebSocketOptions.Builder().retryAttempts(WebSocketOptions.UNLIMITED).build();
            WebSocket socket = loop.connect("ws://127.0.0.1:1/", forever, retrying);
            Support.until(loop, "it waits", () -> retrying.retries == 1);
            socket.cancel();
            Support.until(loop, "it ends", () -> retrying.closed != null);
            assertEquals(0, early.connects + retrying.connects);
        }
    }

    @Test
    void invalidCloseArgumentsAreRefused() {
        Support.Recorder events = new Support.Recorder();
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(Support.ECHO, events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            for (int code : new int[] {-1, 1, 999, 1005, 1006, 5000, 66536, Integer.MAX_VALUE})
                assertEquals(ErrorCode.INVALID_CLOSE, Support.errorOf(() -> socket.close(code, "")), "" + code);
            String long_ = new String(new char[124]).replace('\0', 'x');
            assertEquals(ErrorCode.INVALID_CLOSE, Support.errorOf(() -> socket.close(1000, long_)));
            assertEquals(ErrorCode.INVALID_CLOSE, Support.errorOf(() -> socket.close(1000, long_ + long_ + long_)));
            assertEquals(WebSocket.State.OPEN, socket.getState());
            socket.close(1000, long_.substring(1));
            Support.until(loop, "it closes", () -> events.closed != null);
            assertEquals(long_.substring(1), events.closed.getReason());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void callsAfterTheLoopWasClosed(boolean inline) {
        Support.Recorder events = new Support.Recorder();
        WebSocketLoop loop = Support.loop(inline);
        WebSocket socket = loop.connect(Support.ECHO, events);
        Support.until(loop, "it connects", () -> events.connects == 1);
        String values = values(socket);
        loop.close();
        loop.close();
        assertEnded(socket);
        assertNull(events.closed);
        assertEquals(values, values(socket));
        LoopCloseTest.assertQuiet(loop);
    }

    /** Collects garbage until the condition holds. */
    private static void collectUntil(String what, java.util.function.BooleanSupplier condition) {
        long deadline = System.nanoTime() + Support.WAIT_LIMIT_MILLIS * 1_000_000;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "waited too long until " + what);
            System.gc();
            System.runFinalization();
        }
    }

    @Test
    void aLiveSocketIsKeptAndAnEndedOneIsCollected() {
        int[] events = new int[2];
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WeakReference<WebSocket> socket = new WeakReference<>(loop.connect(Support.ECHO, new WebSocketListener() {
                @Override
                public void onConnect(WebSocket socket) {
                    events[0]++;
                }

                @Override
                public void onMessage(WebSocket socket, String text) {
                    events[1]++;
                    socket.close();
                }
            }));
            System.gc();
            Support.until(loop, "it connects", () -> events[0] == 1);
            System.gc();
            socket.get().send("alive");
            System.gc();
            Support.until(loop, "the echo arrives and the socket ends", () -> events[1] == 1 && (socket.get() == null || socket.get().getState() == WebSocket.State.CLOSED));
            collectUntil("the socket is collected", () -> {
                loop.poll();
                return socket.get() == null;
            });
        }
    }

    @Test
    void aClosedLoopIsCollectedWithItsSockets() {
        List<WeakReference<Object>> all = new ArrayList<>();
        fill(all);
        collectUntil("loop, socket and listener are collected", () -> all.stream().allMatch(one -> one.get() == null));
    }

    private static void fill(List<WeakReference<Object>> all) {
        WebSocketLoop loop = new WebSocketLoop();
        Support.Recorder open = new Support.Recorder();
        WebSocketOptions direct = new WebSocketOptions.Builder().directMessages(true).build();
        WebSocket socket = loop.connect(Support.ECHO, direct, open);
        Support.until(loop, "it connects", () -> open.connects == 1);
        WebSocket connecting = loop.connect(Support.ECHO, new Support.Recorder());
        loop.setWakeup(() -> {});
        for (Object one : new Object[] {loop, open, socket, connecting}) all.add(new WeakReference<>(one));
        loop.close();
    }

    /** A refused connect call keeps no reference. */
    @Test
    void aRefusedConnectKeepsNoReference() {
        List<WeakReference<WebSocketListener>> all = new ArrayList<>();
        try (WebSocketLoop loop = new WebSocketLoop()) {
            for (int i = 0; i < 100; i++) {
                WebSocketListener listener = new Support.Recorder();
                all.add(new WeakReference<>(listener));
                assertEquals(ErrorCode.INVALID_URL, Support.errorOf(() -> loop.connect("http://[", listener)));
            }
            collectUntil("the listeners are collected", () -> all.stream().allMatch(one -> one.get() == null));
        }
    }

    /** Opens, uses and closes `-Dsockets` sockets, 50 at a time. All objects, descriptors, threads and memory must be released. */
    @Test
    void manySocketsLeakNothing() throws Exception {
        int count = Integer.getInteger("sockets", 2000);
        try (WebSocketLoop loop = new WebSocketLoop()) {
            Crowd.run(loop, 200); // creates the objects that are created only once
            int descriptors = entries("/proc/self/fd");
            int threads = entries("/proc/self/task");
            System.gc();
            long resident = residentKib();
            List<WeakReference<WebSocket>> all = Crowd.run(loop, count);
            assertEquals(count, all.size());
            collectUntil("all sockets are collected", () -> {
                loop.poll();
                return all.stream().allMatch(one -> one.get() == null);
            });
            long grown = residentKib() - resident;
            System.out.println(count + " sockets: " + grown + " KiB more resident memory, " + descriptors + " descriptors before, "
                    + entries("/proc/self/fd") + " after");
            // The VM sometimes opens a file or starts a compiler thread, and the heap's size varies.
            assertTrue(entries("/proc/self/fd") <= descriptors + 5);
            assertTrue(entries("/proc/self/task") <= threads + 5);
            assertTrue(grown < 48 << 10, grown + " KiB");
        }
    }

    private static int entries(String directory) {
        return new File(directory).list().length;
    }

    private static long residentKib() throws Exception {
        for (String line : Files.readAllLines(Paths.get("/proc/self/status")))
            if (line.startsWith("VmRSS:")) return Long.parseLong(line.replaceAll("\\D", ""));
        throw new AssertionError("no VmRSS");
    }

    /** Opens sockets one after the other. Each socket sends a message and closes when the echo arrives. */
    private static final class Crowd extends WebSocketListener {
        private final WebSocketLoop loop;
        private final List<WeakReference<WebSocket>> all = new ArrayList<>();
        private int left;
        private int closed;
        private String failure;

        private Crowd(WebSocketLoop loop, int count) {
            this.loop = loop;
            left = count;
        }

        static List<WeakReference<WebSocket>> run(WebSocketLoop loop, int count) {
            Crowd crowd = new Crowd(loop, count);
            for (int i = 0; i < 50; i++) crowd.open();
            long deadline = System.nanoTime() + (60 + count / 100) * 1_000_000_000L;
            while (crowd.closed < count) {
                assertNull(crowd.failure);
                assertTrue(System.nanoTime() < deadline, crowd.closed + " of " + count + " were closed in time");
                loop.poll(100);
            }
            return crowd.all;
        }

        private void open() {
            if (left-- > 0) all.add(new WeakReference<>(loop.connect(Support.ECHO, this)));
        }

        @Override
        public void onConnect(WebSocket socket) {
            socket.send("hello");
        }

        @Override
        public void onMessage(WebSocket socket, String text) {
            socket.close();
        }

        @Override
        public void onClose(WebSocket socket, CloseInfo info) {
            if (!info.isClean()) failure = info.toString();
            closed++;
            open();
        }
    }
}
