import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.egret.websocket.WebSocketStats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Effects of options that a server or a listener can see. Another test checks that each option reaches the library. */
class OptionsTest {
    private final Support.Recorder events = new Support.Recorder();

    @Test
    void theRequestHasTheOptions() throws Exception {
        WebSocketOptions options = new WebSocketOptions.Builder().subprotocols("chat, lobby").origin("https://game.example")
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
            assertEquals("lobby", socket.subprotocol());
            assertEquals("", socket.extensions());
            assertEquals("mine", socket.responseHeader("server"));
            assertEquals(1, socket.generation());
            WebSocketStats stats = socket.stats();
            assertEquals(101, stats.httpStatus);
            assertEquals("127.0.0.1:" + server.port(), socket.remoteAddress());
            assertEquals(1, stats.connections);
        }
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
                assertEquals(ErrorCode.INVALID_ARGUMENT, Support.errorOf(() -> loop.connect("127.0.0.1", port, events)));
        }
    }

    @Test
    void aProxyIsUsed() throws Exception {
        WebSocketOptions.Builder options = new WebSocketOptions.Builder();
        try (Server proxy = new Server(peer -> {
                    peer.found(peer.head());
                    peer.write("HTTP/1.1 407 No\r\n\r\n");
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            options.proxy("http://user:word@127.0.0.1:" + proxy.port());
            loop.connect("ws://far.example:8080/", options.build(), events);
            String request = (String) proxy.take();
            assertTrue(request.startsWith("CONNECT far.example:8080 HTTP/1.1\r\n"), request);
            Support.until(loop, "it is refused", () -> events.closed != null);
            assertEquals(ErrorCode.PROXY, events.closed.error);
            assertEquals(CloseInfo.PHASE_PROXY, events.closed.phase);
            assertEquals(407, events.closed.httpStatus);
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
            WebSocketOptions bad = new WebSocketOptions.Builder().deflateLevel(10).build();
            assertEquals(ErrorCode.INVALID_ARGUMENT, Support.errorOf(() -> loop.connect(Support.ECHO, bad, events)));
            assertTrue(log.toString().contains("deflate_level"), log::toString);
            assertEquals(ErrorCode.INVALID_URL, Support.errorOf(() -> loop.connect("http//", events)));
            assertEquals(ErrorCode.INVALID_ARGUMENT, Support.errorOf(() -> loop.connect("ws://a/\0b", events)));
            assertEquals(ErrorCode.INVALID_ARGUMENT, Support.errorOf(() -> loop.connect((String) null, events)));
            assertEquals(ErrorCode.INVALID_ARGUMENT,
                    Support.errorOf(() -> new WebSocketOptions.Builder().origin("https://a\0")));
            assertEquals(ErrorCode.INVALID_ARGUMENT,
                    Support.errorOf(() -> new WebSocketOptions.Builder().header("X", "a\0b")));
        }
        assertEquals(ErrorCode.INVALID_ARGUMENT,
                Support.errorOf(() -> new WebSocketLoop(new LoopOptions.Builder().logLevel(99).build())));
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
            assertEquals("permessage-deflate; client_no_context_takeover", socket.extensions());
            socket.send(text);
            assertTrue(((String) server.take()).contains("permessage-deflate"));
            assertTrue((int) server.take() < 1000);
            Support.until(loop, "it is counted", () -> socket.stats().messagesSent == 1);
            assertEquals(10_000, socket.stats().bytesSent);
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFullBufferRefusesAndDrains(boolean inline) throws Exception {
        java.util.concurrent.CountDownLatch read = new java.util.concurrent.CountDownLatch(1);
        WebSocketOptions options = new WebSocketOptions.Builder().noDeflate(true).build();
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
                int result = socket.trySend(data);
                if (result == ErrorCode.OK) accepted[0]++;
                else assertEquals(ErrorCode.BACKPRESSURE, result);
                return result != ErrorCode.OK;
            });
            assertTrue(socket.bufferedAmount() > 800_000);
            assertEquals(0, events.drains);
            read.countDown();
            Support.until(loop, "it drains", () -> events.drains == 1);
            socket.close();
            Support.until(loop, "it closes", () -> events.closed != null);
            assertTrue(events.closed.wasClean(), events.closed::toString);
            assertEquals(0, events.closed.unsentMessages);
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
                generations.add(socket.generation());
                super.onConnect(socket);
            }

            @Override
            public void onRetry(WebSocket socket, CloseInfo info, int attempt, long delayMillis) {
                tries.add(attempt + " " + info.error + " " + (delayMillis >= 3_000_000 && delayMillis <= 4_000_000));
                socket.retryNow();
            }
        };
        int[] count = new int[1];
        WebSocketOptions options = new WebSocketOptions.Builder().retryAttempts(WebSocketOptions.NO_LIMIT)
                .retryFloorMillis(3_000_000).retryFirstMillis(4_000_000).retryCeilingMillis(4_000_000)
                .retryTotalMillis(WebSocketOptions.NO_LIMIT).build();
        try (Server server = new Server(peer -> {
                    peer.accept("");
                    if (count[0]++ > 0) peer.closing(); // the first connection is lost at once
                });
                WebSocketLoop loop = Support.loop(inline)) {
            WebSocket socket = loop.connect(server.url(), options, listener);
            Support.until(loop, "it connects again", () -> listener.connects == 2);
            assertEquals(List.of(1, 2), generations);
            assertEquals(List.of("1 " + ErrorCode.CONNECTION_LOST + " true"), tries);
            assertEquals(1, socket.stats().retries);
            socket.close();
            Support.until(loop, "it closes", () -> listener.closed != null);
        }
    }

    @Test
    void pingsMeasureTheRoundTrip() {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(Support.ECHO, events);
            assertEquals(ErrorCode.NOT_OPEN, Support.errorOf(socket::ping));
            Support.until(loop, "it connects", () -> events.connects == 1);
            socket.ping();
            Support.until(loop, "the pong comes", () -> socket.stats().rttMicros > 0);
            assertTrue(socket.stats().rttSmoothedMicros > 0);
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
            Support.until(stays, "the other connects", () -> kept.connects == 1);
            loop.suspend();
            stays.suspend();
            Support.until(loop, "it is closed", () -> events.closed != null);
            assertEquals(1001, events.closed.sentCode);
            loop.resume();
            stays.resume();
            Support.until(stays, "the probe is answered", () -> open.stats().rttMicros > 0);
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
        assertEquals("EGRET_WS_ERR_?", ErrorCode.name(5));
        assertFalse(ErrorCode.name(ErrorCode.TLS_PIN).contains("?"));
    }
}
