import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.DeflateOptions;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.RetryOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketException;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.egret.websocket.WebSocketStats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the effects of options on a server or a listener. Another test checks that each option reaches the library. */
class OptionsTest {
    private final Support.Recorder events = new Support.Recorder();

    @Test
    void theRequestHasTheOptions() throws Exception {
        WebSocketOptions options = new WebSocketOptions.Builder().subprotocols("chat", "lobby").origin("https://game.example")
                .userAgent("shell/1").username("grüße").password("pass").header("X-One", "1").header("X-Two", "zwei").build();
        try (Server server = new Server(peer -> {
                    peer.found(peer.accept("Sec-WebSocket-Protocol: lobby\r\nServer: mine\r\n"));
                    peer.closing();
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(server.url() + "path?query=1", options, events);
            String request = (String) server.take();
            assertTrue(request.startsWith("GET /path?query=1 HTTP/1.1\r\n"), request);
            assertTrue(request.contains("\r\nOrigin: https://game.example\r\n"), request);
            assertTrue(request.contains("\r\nUser-Agent: shell/1\r\n"), request);
            assertTrue(request.contains("\r\nX-One: 1\r\n"), request);
            assertTrue(request.contains("\r\nX-Two: zwei\r\n"), request);
            String basic = java.util.Base64.getEncoder().encodeToString("grüße:pass".getBytes("UTF-8"));
            assertTrue(request.contains("\r\nAuthorization: Basic " + basic + "\r\n"), request);
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertEquals("lobby", socket.getSubprotocol());
            assertEquals("", socket.getExtensions());
            assertEquals("mine", socket.getResponseHeader("server"));
            assertEquals(1, socket.getGeneration());
            WebSocketStats stats = socket.getStats();
            assertEquals(101, stats.getHttpStatus());
            assertEquals("127.0.0.1:" + server.port(), socket.getRemoteAddress());
            assertEquals(1, stats.getConnections());
        }
    }

    /** A missing argument, which is a fault of the program, is named. */
    @Test
    void missingArgumentsAreNamed() {
        WebSocketOptions.Builder builder = new WebSocketOptions.Builder();
        try (WebSocketLoop loop = new WebSocketLoop()) {
            Object[][] calls = {
                {"options", (Executable) () -> loop.connect(Support.ECHO, (WebSocketOptions) null, events)},
                {"listener", (Executable) () -> loop.connect(Support.ECHO, null)},
                {"tlsRoots", (Executable) () -> builder.tlsRoots(null)},
                {"tlsIdentity", (Executable) () -> builder.tlsIdentity(null)},
                {"header", (Executable) () -> builder.header("X", null)},
            };
            for (Object[] call : calls) {
                NullPointerException thrown =
                        assertThrows(NullPointerException.class, (Executable) call[1]);
                assertEquals(call[0], thrown.getMessage());
            }
        }
        assertEquals("tlsRoots is empty",
                assertThrows(IllegalArgumentException.class, () -> builder.tlsRoots(new byte[0])).getMessage());
        assertEquals("tlsIdentity is empty",
                assertThrows(IllegalArgumentException.class, () -> builder.tlsIdentity(new byte[0])).getMessage());
    }

    @Test
    void hostAndPort() throws Exception {
        try (Server server = new Server(peer -> {
                    peer.found(peer.accept(""));
                    peer.closing();
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            loop.connect("127.0.0.1", server.port(), events);
            assertTrue(((String) server.take()).startsWith("GET / HTTP/1.1\r\n"));
            for (int port : new int[] {-1, 0, 65536})
                assertThrows(IllegalArgumentException.class, () -> loop.connect("127.0.0.1", port, events));
        }
    }

    @Test
    void aProxyIsUsed() throws Exception {
        WebSocketOptions.Builder options = new WebSocketOptions.Builder();
        try (Server proxy = new Server(peer -> {
                    peer.found(peer.head());
                    peer.write("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n");
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            options.proxy("http://user:word@127.0.0.1:" + proxy.port());
            loop.connect("ws://far.example:8080/", options.build(), events);
            String request = (String) proxy.take();
            assertTrue(request.startsWith("CONNECT far.example:8080 HTTP/1.1\r\n"), request);
            Support.until(loop, "the server refuses", () -> events.closed != null);
            assertEquals(ErrorCode.PROXY, events.closed.getError());
            assertEquals(CloseInfo.Phase.PROXY, events.closed.getPhase());
            assertEquals(407, events.closed.getHttpStatus());
        }
    }

    @Test
    void invalidOptionsAreRefusedAndLogged() {
        List<String> log = new ArrayList<>();
        LoopOptions loopOptions = new LoopOptions.Builder().log((level, text, socket) -> {
            synchronized (log) {
                log.add(text);
            }
        }).build();
        try (WebSocketLoop loop = new WebSocketLoop(loopOptions)) {
            WebSocketOptions bad = new WebSocketOptions.Builder().deflate(new DeflateOptions.Builder().level(10).build()).build();
            assertEquals(ErrorCode.INVALID_ARGUMENT, Support.errorOf(() -> loop.connect(Support.ECHO, bad, events)));
            assertTrue(log.toString().contains("deflate.level"), log::toString);
            WebSocketException refused = assertThrows(WebSocketException.class, () -> loop.connect(Support.ECHO, bad, events));
            assertTrue(refused.getMessage().startsWith("INVALID_ARGUMENT: deflate.level"), refused::getMessage);
            refused = assertThrows(WebSocketException.class, () -> loop.connect("http://[", events));
            assertTrue(refused.getMessage().startsWith("INVALID_URL: "), refused::getMessage);
            assertEquals(ErrorCode.INVALID_URL, Support.errorOf(() -> loop.connect("http//", events)));
            assertThrows(IllegalArgumentException.class, () -> loop.connect("ws://a/\0b", events));
            assertEquals(ErrorCode.INVALID_ARGUMENT, Support.errorOf(() -> loop.connect((String) null, events)));
            WebSocketOptions.Builder builder = new WebSocketOptions.Builder();
            assertThrows(IllegalArgumentException.class, () -> builder.origin("https://a\0"));
            assertThrows(IllegalArgumentException.class, () -> builder.header("X", "a\0b"));
        }
    }

    @Test
    void compressionIsOfferedAndCounted() {
        String text = new String(new char[10_000]).replace('\0', 'a');
        try (Server server = new Server(peer -> {
                    peer.found(peer.accept("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"));
                    peer.found(peer.frame().length);
                    peer.closing();
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(server.url(), events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertEquals("permessage-deflate; client_no_context_takeover", socket.getExtensions());
            socket.send(text);
            assertTrue(((String) server.take()).contains("permessage-deflate"));
            assertTrue((int) server.take() < 1000);
            Support.until(loop, "the message is counted", () -> socket.getStats().getMessagesSent() == 1);
            assertEquals(10_000, socket.getStats().getBytesSent());
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFullBufferRefusesAndDrains(boolean inline) throws Exception {
        java.util.concurrent.CountDownLatch read = new java.util.concurrent.CountDownLatch(1);
        WebSocketOptions options = new WebSocketOptions.Builder().disableDeflate(true).build();
        try (Server server = new Server(peer -> {
                    peer.accept("");
                    read.await();
                    peer.closing();
                });
                WebSocketLoop loop = Support.loop(inline)) {
            WebSocket socket = loop.connect(server.url(), options, events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            byte[] data = new byte[100_000];
            int[] accepted = new int[1];
            Support.until(loop, "the buffer is full", () -> {
                ErrorCode result = socket.send(data);
                if (result == ErrorCode.OK) accepted[0]++;
                else assertEquals(ErrorCode.BACKPRESSURE, result);
                return result != ErrorCode.OK;
            });
            assertTrue(socket.getBufferedAmount() > 800_000);
            assertEquals(0, events.drains);
            read.countDown();
            Support.until(loop, "it drains", () -> events.drains == 1);
            socket.close();
            Support.until(loop, "it closes", () -> events.closed != null);
            assertTrue(events.closed.isClean(), events.closed::toString);
            assertEquals(0, events.closed.getUnsentMessages());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLostConnectionIsReconnected(boolean inline) throws Exception {
        List<Integer> generations = new ArrayList<>();
        List<String> tries = new ArrayList<>();
        Support.Recorder listener = new Support.Recorder() {
            @Override
            public void onConnect(WebSocket socket) {
                generations.add(socket.getGeneration());
                super.onConnect(socket);
            }

            @Override
            public void onRetry(WebSocket socket, CloseInfo info, int attempt, long delayMillis) {
                tries.add(attempt + " " + info.getError() + " " + (delayMillis >= 3_000_000 && delayMillis <= 4_000_000));
                socket.retryNow();
            }
        };
        int[] count = new int[1];
        WebSocketOptions options = new WebSocketOptions.Builder().retryAttempts(WebSocketOptions.UNLIMITED)
                .retry(new RetryOptions.Builder().minWaitMillis(3_000_000).firstWaitMillis(4_000_000).maxWaitMillis(4_000_000)
                        .totalMillis(RetryOptions.UNLIMITED).build()).build();
        try (Server server = new Server(peer -> {
                    peer.accept("");
                    if (count[0]++ > 0) peer.closing(); // the first connection is lost immediately
                });
                WebSocketLoop loop = Support.loop(inline)) {
            WebSocket socket = loop.connect(server.url(), options, listener);
            Support.until(loop, "the socket reconnects", () -> listener.connects == 2);
            assertEquals(List.of(1, 2), generations);
            assertEquals(List.of("1 " + ErrorCode.CONNECTION_LOST + " true"), tries);
            assertEquals(1, socket.getStats().getRetries());
            socket.close();
            Support.until(loop, "it closes", () -> listener.closed != null);
        }
    }

    @Test
    void pingsMeasureTheRoundTrip() {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(Support.ECHO, events);
            assertEquals(ErrorCode.NOT_OPEN, socket.ping());
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertEquals(ErrorCode.OK, socket.ping());
            Support.until(loop, "the pong arrives", () -> socket.getStats().getRttMicros() > 0);
            assertTrue(socket.getStats().getRttSmoothedMicros() > 0);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void pongsReturnThePayload(boolean inline) {
        try (WebSocketLoop loop = Support.loop(inline)) {
            WebSocket socket = loop.connect(Support.ECHO, events);
            assertEquals(ErrorCode.NOT_OPEN, socket.ping("early".getBytes()));
            Support.until(loop, "it connects", () -> events.connects == 1);
            String most = new String(new char[125]).replace('\0', 'x');
            for (String payload : new String[] {"a", most, ""}) {
                assertEquals(ErrorCode.OK, socket.ping(payload.getBytes()));
                Support.until(loop, "the pong arrives", () -> !events.pongs.isEmpty());
                assertEquals(payload, events.pongs.remove(0));
            }
            assertThrows(IllegalArgumentException.class, () -> socket.ping(new byte[126]));
            assertThrows(NullPointerException.class, () -> socket.ping(null));
            socket.close();
            Support.until(loop, "it closes", () -> events.closed != null);
            assertEquals(ErrorCode.NOT_OPEN, socket.ping("late".getBytes()));
        }
    }

    /** While receiving is paused, the messages and the end behind them stay in the queue. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void receivingIsPausedAndResumed(boolean inline) throws Exception {
        try (Server server = new Server(peer -> {
                    peer.accept("");
                    for (String text : new String[] {"one", "two", "three"}) peer.send(1, text.getBytes());
                    peer.send(10, "sent".getBytes());
                    peer.send(8, new byte[] {3, (byte) 232});
                    peer.closing();
                });
                WebSocketLoop loop = Support.loop(inline)) {
            Support.Recorder listener = new Support.Recorder() {
                @Override
                public void onMessage(WebSocket socket, String text) {
                    super.onMessage(socket, text);
                    if (text.equals("one")) socket.pauseReceive();
                }
            };
            WebSocket socket = loop.connect(server.url(), listener);
            Support.until(loop, "the pong arrives", () -> listener.pongs.size() == 1);
            assertEquals(List.of("one"), listener.messages);
            assertEquals(null, listener.closed);
            socket.resumeReceive();
            Support.until(loop, "the rest arrives", () -> listener.closed != null);
            assertEquals(List.of("one", "two", "three"), listener.messages);
            assertEquals(listener.closed, socket.getCloseInfo());
            socket.pauseReceive();
            socket.resumeReceive();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void suspendAndResume(boolean inline) {
        LoopOptions options = new LoopOptions.Builder().inline(inline).closeOnSuspend(true).build();
        Support.Recorder kept = new Support.Recorder();
        try (WebSocketLoop stays = Support.loop(inline); WebSocketLoop loop = new WebSocketLoop(options)) {
            loop.connect(Support.ECHO, events);
            WebSocket open = stays.connect(Support.ECHO, kept);
            Support.until(loop, "one connects", () -> events.connects == 1);
            Support.until(stays, "the other socket connects", () -> kept.connects == 1);
            loop.suspend();
            stays.suspend();
            Support.until(loop, "the socket is closed", () -> events.closed != null);
            assertEquals(1001, events.closed.getSentCode());
            loop.resume();
            stays.resume();
            Support.until(stays, "the probe is answered", () -> open.getStats().getRttMicros() > 0);
            stays.networkChanged();
            open.send("still here");
            Support.until(stays, "it echoes", () -> kept.messages.size() == 1);
        }
    }

    @Test
    void functionsWithoutASocket() {
        assertEquals("ws://example.com/a%20b", WebSocketLoop.normalizeUrl("HTTP://EXAMPLE.com:80/a b"));
        assertEquals(ErrorCode.INVALID_URL, Support.errorOf(() -> WebSocketLoop.normalizeUrl("ftp://a/")));
        assertEquals(WebSocketLoop.libraryVersionNumber() >> 16 & 255,
                Integer.parseInt(WebSocketLoop.libraryVersion().split("\\.")[0]));
    }
}
