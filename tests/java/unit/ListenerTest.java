import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.RetryOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests listeners that throw, free, close or poll. */
class ListenerTest {
    /** Records each call, then throws. */
    private static final class Thrower extends WebSocketListener {
        final List<String> called = new ArrayList<>();

        private void fail(String where) {
            called.add(where);
            if (where.equals("binary")) deep(0); // this overflows the stack: an error of the VM, not of the program
            throw new IllegalStateException(where);
        }

        private int deep(int n) {
            return deep(n + 1) + 1;
        }

        @Override
        public void onConnect(WebSocket socket) {
            fail("connect");
        }

        @Override
        public void onMessage(WebSocket socket, String text) {
            fail("text");
        }

        @Override
        public void onMessage(WebSocket socket, byte[] data) {
            fail("binary");
        }

        @Override
        public void onClose(WebSocket socket, CloseInfo info) {
            fail("close");
        }

        @Override
        public void onRetry(WebSocket socket, CloseInfo info, int attempt, long delayMillis) {
            fail("retry");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void exceptionsOfListenersAreReportedAndOtherEventsStillCome(boolean inline) {
        List<String> reported = new ArrayList<>();
        List<WebSocket> of = new ArrayList<>();
        LoopOptions options = new LoopOptions.Builder().inline(inline).exceptionHandler((socket, thrown) -> {
            reported.add(thrown instanceof StackOverflowError ? "binary" : thrown.getMessage());
            of.add(socket);
        }).build();
        Thrower thrower = new Thrower();
        try (WebSocketLoop loop = new WebSocketLoop(options)) {
            WebSocket socket = loop.connect(Support.ECHO, thrower);
            Support.until(loop, "it connects", () -> thrower.called.size() == 1);
            socket.send("one");
            socket.send(new byte[1]);
            socket.send("two");
            Support.until(loop, "all came", () -> thrower.called.size() == 4);
            socket.close();
            Support.until(loop, "it closes", () -> thrower.called.size() == 5);
            assertEquals(List.of("connect", "text", "binary", "text", "close"), thrower.called);
            assertEquals(thrower.called, reported);
            assertTrue(of.stream().allMatch(one -> one == socket));
        }
    }

    @Test
    void anExceptionInOnRetryIsReported() {
        List<String> reported = new ArrayList<>();
        LoopOptions options =
                new LoopOptions.Builder().exceptionHandler((socket, thrown) -> reported.add(thrown.getMessage())).build();
        Thrower thrower = new Thrower();
        try (WebSocketLoop loop = new WebSocketLoop(options)) {
            RetryOptions soon = new RetryOptions.Builder().minWaitMillis(RetryOptions.AT_ONCE).firstWaitMillis(1).build();
            WebSocketOptions twice = new WebSocketOptions.Builder().retryAttempts(1).retry(soon).build();
            loop.connect("ws://127.0.0.1:1/", twice, thrower);
            Support.until(loop, "the socket stops reconnecting", () -> reported.contains("close"));
            assertEquals(List.of("retry", "close"), reported);
        }
    }

    /** The exception is handled like any other that a thread does not catch; then the poll continues. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void withoutAHandlerTheThreadHandlesExceptions(boolean inline) {
        List<String> reported = new ArrayList<>();
        Thread thread = Thread.currentThread();
        thread.setUncaughtExceptionHandler((of, thrown) -> {
            assertEquals(thread, of);
            reported.add(thrown instanceof StackOverflowError ? "binary" : thrown.getMessage());
            throw new ArithmeticException("ignored, as the virtual machine does");
        });
        Thrower thrower = new Thrower();
        try (WebSocketLoop loop = Support.loop(inline)) {
            WebSocket socket = loop.connect(Support.ECHO, thrower);
            Support.until(loop, "it connects", () -> thrower.called.size() == 1);
            socket.send("one");
            socket.send(new byte[1]);
            Support.until(loop, "all came", () -> thrower.called.size() == 3);
            socket.close();
            Support.until(loop, "it closes", () -> thrower.called.size() == 4);
        } finally {
            thread.setUncaughtExceptionHandler(null);
        }
        assertEquals(List.of("connect", "text", "binary", "close"), reported);
    }

    @Test
    void anExceptionOfTheHandlerIsReported() {
        PrintStream stderr = System.err;
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        System.setErr(new PrintStream(written, true));
        LoopOptions options = new LoopOptions.Builder().exceptionHandler((socket, thrown) -> {
            throw new ArithmeticException("the handler's");
        }).build();
        try (WebSocketLoop loop = new WebSocketLoop(options)) {
            Thrower thrower = new Thrower();
            WebSocket socket = loop.connect(Support.ECHO, thrower);
            Support.until(loop, "it connects", () -> !thrower.called.isEmpty());
            socket.close();
            Support.until(loop, "it closes", () -> thrower.called.contains("close"));
        } finally {
            System.setErr(stderr);
        }
        assertTrue(written.toString().contains("the handler's"), written::toString);
        assertTrue(written.toString().contains("IllegalStateException: connect"), written::toString);
    }

    /** Frees its socket in the callback of this name; no callback follows. */
    @ParameterizedTest
    @ValueSource(strings = {"connect", "text", "close"})
    void freeInACallback(String where) {
        for (boolean inline : new boolean[] {false, true}) {
            List<String> called = new ArrayList<>();
            WebSocketListener listener = new WebSocketListener() {
                private void at(String here, WebSocket socket) {
                    called.add(here);
                    if (!here.equals(where)) return;
                    socket.free();
                    socket.free();
                    assertEquals(WebSocket.State.CLOSED, socket.getState());
                    assertEquals(ErrorCode.NOT_OPEN, socket.send("late"));
                }

                @Override
                public void onConnect(WebSocket socket) {
                    socket.send("one");
                    socket.send("two");
                    at("connect", socket);
                }

                @Override
                public void onMessage(WebSocket socket, String text) {
                    if (text.equals("two")) socket.close();
                    at("text", socket);
                }

                @Override
                public void onClose(WebSocket socket, CloseInfo info) {
                    at("close", socket);
                }
            };
            List<Throwable> thrown = new ArrayList<>();
            LoopOptions options =
                    new LoopOptions.Builder().inline(inline).exceptionHandler((socket, t) -> thrown.add(t)).build();
            try (WebSocketLoop loop = new WebSocketLoop(options)) {
                WebSocket socket = loop.connect(Support.ECHO, listener);
                Support.until(loop, "the socket is freed", () -> called.contains(where));
                // Another socket runs until its end. A late callback of the first socket would arrive before that end.
                Support.Recorder other = new Support.Recorder();
                loop.connect(Support.ECHO, other);
                Support.until(loop, "another connects", () -> other.connects == 1);
                assertEquals(WebSocket.State.CLOSED, socket.getState());
                assertEquals(1, called.stream().filter(where::equals).count(), called::toString);
                assertEquals(where, called.get(called.size() - 1));
            }
            assertEquals(List.of(), thrown);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void pollingInACallbackIsRefused(boolean inline) {
        List<ErrorCode> errors = new ArrayList<>();
        try (WebSocketLoop loop = Support.loop(inline)) {
            Support.Recorder listener = new Support.Recorder() {
                @Override
                public void onConnect(WebSocket socket) {
                    errors.add(Support.errorOf(loop::poll));
                    super.onConnect(socket);
                }
            };
            WebSocket socket = loop.connect(Support.ECHO, listener);
            Support.until(loop, "it connects", () -> listener.connects == 1);
            assertEquals(List.of(ErrorCode.REENTRANT), errors);
            socket.send("still there");
            Support.until(loop, "it echoes", () -> listener.messages.size() == 1);
            assertNull(listener.closed);
        }
    }

    /** C calls this function if there is no memory for the report: onClose is still called once. */
    @Test
    void onCloseComesWithoutMemoryForItsReport() throws Exception {
        java.lang.reflect.Method onClose = Class.forName("org.egret.websocket.Callbacks")
                .getDeclaredMethod("onClose", WebSocket.class, long.class, CloseInfo.class);
        onClose.setAccessible(true);
        Support.Recorder events = new Support.Recorder();
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(Support.ECHO, events);
            onClose.invoke(null, socket, socket.getId(), null);
            assertEquals(ErrorCode.NO_RESOURCES, events.closed.getError());
            assertEquals(events.closed, socket.getCloseInfo());
            assertEquals(WebSocket.State.CLOSED, socket.getState());
            socket.free();
        }
    }

    @Test
    void gettersWorkInOnClose() throws Exception {
        String[] asked = new String[3];
        int[] status = new int[1];
        Support.Recorder listener = new Support.Recorder() {
            @Override
            public void onClose(WebSocket socket, CloseInfo info) {
                asked[0] = socket.getResponseHeader("retry-AFTER");
                asked[1] = socket.getResponseHeader("X-None");
                asked[2] = socket.getResponseHeaders();
                status[0] = socket.getStats().getHttpStatus();
                super.onClose(socket, info);
            }
        };
        try (Server server = new Server(peer -> {
                    peer.head();
                    peer.write("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            loop.connect(server.url(), listener);
            Support.until(loop, "the server refuses", () -> listener.closed != null);
        }
        assertEquals("7", asked[0]);
        assertNull(asked[1]);
        assertEquals("Retry-After: 7\nContent-Length: 0\n", asked[2]);
        assertEquals(503, status[0]);
        assertEquals(ErrorCode.HTTP_STATUS, listener.closed.getError());
        assertEquals(503, listener.closed.getHttpStatus());
        assertEquals(CloseInfo.Phase.HANDSHAKE, listener.closed.getPhase());
        assertEquals(CloseInfo.Initiator.PEER, listener.closed.getInitiator());
        assertTrue(listener.closed.getMessage().length() > 10);
    }
}
