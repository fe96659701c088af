import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.Frame;
import org.egret.websocket.Options;
import org.egret.websocket.RequestHook;
import org.egret.websocket.RetryOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the details of a connection or a refusal, and the frame hooks. */
class DetailsTest {
    private final Support.Recorder events = new Support.Recorder();

    private static RetryOptions soon() {
        return new RetryOptions.Builder().minWaitMillis(Options.AT_ONCE).firstWaitMillis(1).build();
    }

    private static String portOf(Server server) {
        return ":" + server.port();
    }

    /** The name is not looked up, and the request contains it as the host. */
    @Test
    void theAddressesOfTheOptionsAreUsedInsteadOfALookUp() throws Exception {
        try (Server server = new Server(peer -> {
                    peer.found(peer.accept(""));
                    peer.closing();
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            String dead = "127.0.0.1:1";
            String alive = "127.0.0.1" + portOf(server);
            WebSocketOptions options = new WebSocketOptions.Builder().addresses(dead, alive).build();
            WebSocket socket = loop.connect("ws://edge.test/", options, events);
            assertEquals("", socket.getLocalAddress());
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertTrue(((String) server.take()).contains("\r\nHost: edge.test\r\n"));
            assertEquals(alive, socket.getRemoteAddress());
            assertTrue(socket.getLocalAddress().matches("127\\.0\\.0\\.1:\\d+"), socket.getLocalAddress());
            List<String> tried = socket.getTriedAddresses();
            assertEquals(2, tried.size(), tried::toString);
            assertTrue(tried.get(0).startsWith(dead + " ") && tried.get(1).equals(alive + " connected"), tried::toString);
            assertEquals(2, socket.getStats().getAddressesTried());
            assertEquals("", socket.getProxy());
            assertEquals("", socket.getTlsCipher());
            assertEquals(List.of(), socket.getPeerCertificates());
            assertArrayEquals(new byte[0], socket.getResponseBody());
            loop.close();
            assertEquals(tried, socket.getTriedAddresses()); // the getter keeps the last values
            assertTrue(socket.getLocalAddress().startsWith("127."));
        }
    }

    @Test
    void aRequestHookChangesTheAddresses() throws Exception {
        List<Object> thrown = new ArrayList<>();
        try (Server server = new Server(peer -> {
                    peer.accept("");
                    peer.closing();
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            RequestHook hook = (socket, request) -> {
                if (request.getAttempt() == 0) {
                    thrown.add(Support.errorOf(() -> request.setAddresses("edge.test")));
                } else {
                    request.setAddresses();
                    request.setAddresses(List.of("127.0.0.1" + portOf(server)));
                }
                return RequestHook.Action.CONNECT;
            };
            WebSocketOptions options = new WebSocketOptions.Builder().addresses("127.0.0.1:1").requestHook(hook).retryAttempts(1)
                    .retry(soon()).build();
            loop.connect("ws://edge.test/", options, events);
            Support.until(loop, "it connects", () -> events.connects == 1 || events.closed != null);
            assertNull(events.closed);
            assertEquals(1, events.retries);
            assertEquals(List.of(ErrorCode.INVALID_ARGUMENT), thrown);
        }
    }

    /** The getters return them in onRetry, in onClose and afterwards. */
    @Test
    void aRefusalHasABodyAndCookies() throws Exception {
        List<String> bodies = new ArrayList<>();
        List<List<String>> cookies = new ArrayList<>();
        Support.Recorder listener = new Support.Recorder() {
            private void record(WebSocket socket) {
                bodies.add(new String(socket.getResponseBody()));
                cookies.add(socket.getResponseCookies());
            }

            @Override
            public void onRetry(WebSocket socket, CloseInfo info, int attempt, long delayMillis) {
                super.onRetry(socket, info, attempt, delayMillis);
                record(socket);
            }

            @Override
            public void onClose(WebSocket socket, CloseInfo info) {
                super.onClose(socket, info);
                record(socket);
            }
        };
        int[] times = new int[1];
        try (Server server = new Server(peer -> {
                    peer.head();
                    String head = "HTTP/1.1 503 Busy\r\nSet-Cookie: a=" + ++times[0] + "\r\nSet-Cookie: b=2; Path=/\r\n";
                    if (times[0] == 1) peer.write(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nnot\r\n4\r\n yet\r\n0\r\n\r\n");
                    else peer.write(head + "Content-Length: 7\r\n\r\nnever\0!");
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            WebSocketOptions options = new WebSocketOptions.Builder().retryAttempts(1).retry(soon()).build();
            WebSocket socket = loop.connect(server.url(), options, listener);
            Support.until(loop, "the server refuses", () -> listener.closed != null);
            assertEquals(List.of("not yet", "never\0!"), bodies);
            assertEquals(List.of(server.url() + " a=1", server.url() + " b=2; Path=/"), cookies.get(0));
            assertEquals(List.of(server.url() + " a=2", server.url() + " b=2; Path=/"), cookies.get(1));
            byte[] kept = socket.getResponseBody();
            assertEquals("never\0!", new String(kept));
            kept[0] = 'x'; // a copy
            assertEquals("never\0!", new String(socket.getResponseBody()));
            assertEquals(cookies.get(1), socket.getResponseCookies());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {Options.AT_ONCE, 4})
    void theBodyIsLimited(long limit) throws Exception {
        try (Server server = new Server(peer -> {
                    peer.head();
                    peer.write("HTTP/1.1 403 No\r\nContent-Length: 10\r\n\r\n0123456789");
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(server.url(), new WebSocketOptions.Builder().maxRefusalBodyBytes(limit).build(), events);
            Support.until(loop, "the server refuses", () -> events.closed != null);
            assertEquals(limit == 4 ? "0123" : "", new String(socket.getResponseBody()));
        }
    }

    @Test
    void theProxyIsNamedWithoutItsPassword() throws Exception {
        try (Server proxy = new Server(peer -> {
                    peer.found(peer.head());
                    peer.write("HTTP/1.1 200 OK\r\n\r\n");
                    peer.accept("");
                    peer.closing();
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            String address = "127.0.0.1" + portOf(proxy);
            WebSocketOptions options = new WebSocketOptions.Builder().proxy("http://me:secret@" + address).build();
            WebSocket socket = loop.connect("ws://edge.test/", options, events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertTrue(((String) proxy.take()).startsWith("CONNECT edge.test:80 "));
            assertEquals("http://" + address, socket.getProxy().replaceFirst("/$", ""));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void framesAreTraced(boolean inline) {
        List<String> frames = new ArrayList<>();
        Support.Recorder listener = new Support.Recorder() {
            @Override
            public void onMessage(WebSocket socket, String text) {
                super.onMessage(socket, text);
                frames.add("message");
            }

            @Override
            public void onFrame(WebSocket socket, Frame frame) {
                assertTrue(frame.isFinal() && !frame.isCompressed());
                frames.add(frame.getKind() + " " + frame.getOpcode() + " " + frame.getLength());
            }
        };
        try (WebSocketLoop loop = Support.loop(inline)) {
            WebSocketOptions options = new WebSocketOptions.Builder().traceFrames(true).disableDeflate(true).build();
            WebSocket socket = loop.connect(Support.ECHO, options, listener);
            Support.until(loop, "it connects", () -> listener.connects == 1);
            socket.send("hello");
            Support.until(loop, "it echoes", () -> !listener.messages.isEmpty());
            socket.close();
            Support.until(loop, "it closes", () -> listener.closed != null);
            assertEquals(List.of("SENT 1 5", "RECEIVED 1 5", "message", "SENT 8 2", "RECEIVED 8 2"), frames);
        }
    }
}
