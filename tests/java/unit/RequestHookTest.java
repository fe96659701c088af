import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.Options;
import org.egret.websocket.RequestHook;
import org.egret.websocket.RequestHook.Action;
import org.egret.websocket.RetryOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketException;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the hook that is called before each attempt to connect. */
class RequestHookTest {
    private final Support.Recorder events = new Support.Recorder();

    private static WebSocketOptions.Builder options(RequestHook hook) {
        RetryOptions soon = new RetryOptions.Builder().minWaitMillis(Options.AT_ONCE).firstWaitMillis(1).build();
        return new WebSocketOptions.Builder().retryAttempts(3).retry(soon).requestHook(hook);
    }

    /** The server refuses the first token with 401; the hook provides another token. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anExpiredTokenIsReplaced(boolean inline) throws Exception {
        List<String> asked = new ArrayList<>();
        RequestHook hook = (socket, request) -> {
            CloseInfo last = request.getLast();
            asked.add(request.getAttempt() + " " + (last == null ? "none" : last.getHttpStatus() + " " + last.isRetryable()));
            request.setHeader("X-Token", "token " + request.getAttempt());
            return Action.CONNECT;
        };
        int[] requests = new int[1];
        try (Server server = new Server(peer -> {
                    if (requests[0]++ > 0) {
                        peer.found(peer.accept(""));
                        peer.closing();
                    } else {
                        peer.found(peer.head());
                        peer.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
                    }
                });
                WebSocketLoop loop = Support.loop(inline)) {
            loop.connect(server.url(), options(hook).header("X-Token", "old").build(), events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertEquals(List.of("0 none", "1 401 false"), asked);
            for (String token : new String[] {"token 0", "token 1"}) {
                String head = (String) server.take();
                assertTrue(head.contains("\r\nX-Token: " + token + "\r\n"), head);
                assertFalse(head.contains("X-Token: old"), head); // the random key may contain "old"
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void waitingEndsWithRetryNow(boolean inline) throws Exception {
        int[] asked = new int[1];
        RequestHook hook = (socket, request) -> ++asked[0] < 3 ? Action.WAIT : Action.CONTINUE;
        try (WebSocketLoop loop = Support.loop(inline)) {
            WebSocket socket = loop.connect(Support.ECHO, options(hook).build(), events);
            for (int i = 1; i < 3; i++) {
                int times = i;
                Support.until(loop, "the hook is called", () -> asked[0] == times);
                socket.retryNow();
            }
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertEquals(3, asked[0]);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void stoppingEndsTheSocket(boolean inline) {
        try (WebSocketLoop loop = Support.loop(inline)) {
            loop.connect(Support.ECHO, options((socket, request) -> Action.STOP).build(), events);
            Support.until(loop, "it ends", () -> events.closed != null);
            assertEquals(ErrorCode.ABORTED, events.closed.getError());
            assertEquals(CloseInfo.Phase.REQUEST, events.closed.getPhase());
            assertFalse(events.closed.isRetryable());
        }
    }

    /** If the hook fails, no connection is made. */
    @ParameterizedTest
    @ValueSource(strings = {"throws", "null", "overflow"})
    void aHookThatFailsStopsTheAttempt(String how) {
        List<Throwable> reported = new ArrayList<>();
        LoopOptions loopOptions = new LoopOptions.Builder().exceptionHandler((socket, thrown) -> reported.add(thrown)).build();
        RequestHook hook = new RequestHook() {
            private Action deep(int n) {
                return n < 0 ? Action.CONTINUE : deep(n + 1) == Action.WAIT ? Action.WAIT : Action.CONTINUE;
            }

            @Override
            public Action onRequest(WebSocket socket, Request request) {
                if (how.equals("throws")) throw new IllegalStateException("no token");
                return how.equals("null") ? null : deep(0);
            }
        };
        try (WebSocketLoop loop = new WebSocketLoop(loopOptions)) {
            loop.connect(Support.ECHO, options(hook).build(), events);
            Support.until(loop, "it ends", () -> events.closed != null);
            assertEquals(ErrorCode.ABORTED, events.closed.getError());
            assertEquals(CloseInfo.Phase.REQUEST, events.closed.getPhase());
            assertEquals(1, reported.size());
            String why = how.equals("throws") ? "no token" : how.equals("null") ? "the RequestHook returned null" : "StackOverflowError";
            assertTrue(reported.get(0).toString().contains(why), reported::toString);
            String message = events.closed.getMessage();
            assertTrue(message.startsWith("the RequestHook threw ") && message.contains(why), message);
        }
    }

    /** The report has Java's name of the option. */
    @Test
    void aHookThatNeverAnswersIsNamed() {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocketOptions options = new WebSocketOptions.Builder().openTimeoutMillis(50).requestHook((socket, request) -> Action.WAIT).build();
            loop.connect(Support.ECHO, options, events);
            Support.until(loop, "it ends", () -> events.closed != null);
            assertEquals(ErrorCode.TIMEOUT, events.closed.getError());
            assertTrue(events.closed.getMessage().contains("openTimeoutMillis"), events.closed.getMessage());
        }
    }

    /** The sample of the guide asks once for each token, also after the library restarts its count of attempts. */
    @Test
    void theSampleRenewsEachToken() throws Exception {
        Tokens.check(logIn -> new TokenRefresh(done -> logIn.accept(done::onToken)));
    }

    /** The hook also changes the URL and the subprotocols. A refused value changes nothing, and the message gives the reason. */
    @Test
    void urlAndSubprotocols() throws Exception {
        RequestHook.Request[] kept = new RequestHook.Request[1];
        List<Throwable> reported = new ArrayList<>();
        LoopOptions loopOptions = new LoopOptions.Builder().exceptionHandler((socket, thrown) -> reported.add(thrown)).build();
        try (Server server = new Server(peer -> {
                    peer.found(peer.accept("Sec-WebSocket-Protocol: b\r\n"));
                    peer.closing();
                });
                WebSocketLoop loop = new WebSocketLoop(loopOptions)) {
            RequestHook hook = (socket, request) -> {
                kept[0] = request;
                assertNull(request.getLast());
                assertEquals(WebSocket.State.CONNECTING, socket.getState());
                request.setUrl(server.url() + "other");
                request.setSubprotocols("a", "b");
                request.setHeader("X-Gone", null);
                assertEquals(ErrorCode.INVALID_URL,
                        assertThrows(WebSocketException.class, () -> request.setUrl("http://[")).getError());
                assertEquals(ErrorCode.INVALID_ARGUMENT,
                        assertThrows(WebSocketException.class, () -> request.setHeader("Host", "x")).getError());
                assertThrows(IllegalArgumentException.class, () -> request.setSubprotocols("a,b"));
                assertThrows(IllegalArgumentException.class, () -> request.setUrl("ws://a/\0"));
                assertThrows(IllegalArgumentException.class, () -> request.setHeader("X", "\0"));
                return Action.CONTINUE;
            };
            WebSocket socket = loop.connect("ws://127.0.0.1:1/", options(hook).header("X-Gone", "1").header("X-Stays", "2").build(), events);
            Support.until(loop, "it connects", () -> events.connects == 1 || !reported.isEmpty());
            assertEquals(List.of(), reported);
            String head = (String) server.take();
            assertTrue(head.startsWith("GET /other HTTP/1.1\r\n"), head);
            assertTrue(head.contains("X-Stays: 2") && !head.contains("X-Gone"), head);
            assertTrue(head.contains("Sec-WebSocket-Protocol: a, b") || head.contains("Sec-WebSocket-Protocol: a,b"), head);
            assertEquals("b", socket.getSubprotocol());
            assertEquals(ErrorCode.BAD_HANDLE, Support.errorOf(() -> kept[0].setUrl(server.url())));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theLoopIsClosedInTheHook(boolean inline) {
        WebSocketLoop loop = Support.loop(inline);
        int[] asked = new int[1];
        loop.connect(Support.ECHO, options((socket, request) -> {
            asked[0]++;
            loop.close();
            return Action.CONNECT;
        }).build(), events);
        Support.until(loop, "the loop is closed", loop::isClosed);
        LoopCloseTest.assertQuiet(loop);
        assertEquals(1, asked[0]);
        assertNull(events.closed);
    }
}
