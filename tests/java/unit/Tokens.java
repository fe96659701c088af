import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.Options;
import org.egret.websocket.RequestHook;
import org.egret.websocket.RetryOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;

/** A server with tokens that expire, for the hooks in the pages. */
public final class Tokens {
    private Tokens() {}

    /** The hook gets a function that asks for a token, and answers on another thread. */
    public static void check(Function<Consumer<Consumer<String>>, RequestHook> hook) throws Exception {
        AtomicInteger valid = new AtomicInteger(1);
        AtomicInteger asked = new AtomicInteger();
        Consumer<Consumer<String>> logIn = done -> {
            asked.incrementAndGet();
            new Thread(() -> done.accept("token " + valid.get())).start();
        };
        RetryOptions soon = new RetryOptions.Builder().minWaitMillis(Options.AT_ONCE).firstWaitMillis(1).build();
        WebSocketOptions options = new WebSocketOptions.Builder().retryAttempts(5).retry(soon).requestHook(hook.apply(logIn)).build();
        Support.Recorder events = new Support.Recorder();
        try (Server server = new Server(peer -> {
                    String head = peer.head();
                    String token = head.replaceAll("(?s).*Authorization: Bearer ([^\r]*)\r.*", "$1");
                    peer.found(token);
                    if (!token.equals("token " + valid.get())) {
                        peer.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
                        return;
                    }
                    peer.accept(head, "");
                    peer.closing();
                });
                WebSocketLoop loop = new WebSocketLoop(new LoopOptions.Builder().closeOnSuspend(true).build())) {
            WebSocket socket = loop.connect(server.url(), options, events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            // After a close by a suspend, as after 10 s, the library restarts its count of attempts. So both refusals have an
            // equal number.
            for (int token = 2; token <= 3; token++) {
                int connects = token;
                loop.suspend();
                Support.until(loop, "it is suspended", () -> socket.getState() == WebSocket.State.CONNECTING);
                valid.set(token);
                loop.resume();
                Support.until(loop, "it has the next token", () -> events.connects == connects || events.closed != null);
                assertNull(events.closed, () -> "" + events.closed);
            }
            List<Object> seen = new ArrayList<>();
            server.found.drainTo(seen);
            assertEquals(List.of("token 1", "token 1", "token 2", "token 2", "token 3"), seen);
            assertEquals(3, asked.get());
        }
    }
}
