import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Paths;
import org.egret.websocket.*;

/** Like FirstSocket, but reconnects, and can use TLS. The arguments are the URL, and a file with trusted certificates. */
public class FirstRetry {
    public static void main(String[] args) throws IOException {
        boolean[] isClean = {false};
        WebSocketListener listener = new WebSocketListener() {
            @Override
            public void onConnect(WebSocket socket) {
                System.out.println("connected");
                ErrorCode sent = socket.send("hello");
                if (sent != ErrorCode.OK) System.err.println("not sent: " + sent);
            }

            @Override
            public void onMessage(WebSocket socket, String text) {
                System.out.println("received: " + text);
                socket.close();
            }

            @Override
            public void onRetry(WebSocket socket, CloseInfo info, int attempt, long delayMillis) {
                String when = delayMillis == Long.MAX_VALUE ? "after the resume" : "in " + delayMillis + " ms";
                System.out.println("lost: " + info + "; attempt " + attempt + " " + when);
            }

            @Override
            public void onClose(WebSocket socket, CloseInfo info) {
                System.out.println("closed: " + info);
                isClean[0] = info.isClean();
            }
        };
        WebSocketOptions.Builder builder = new WebSocketOptions.Builder().retryAttempts(5);
        if (args.length > 1) builder.tlsRoots(Files.readAllBytes(Paths.get(args[1]))); // in addition to the system's certificates
        WebSocketOptions options = builder.build();
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(args[0], options, listener);
            while (socket.getState() != WebSocket.State.CLOSED) loop.poll(-1); // a game polls once a frame, with 0
        } catch (WebSocketException refused) {
            System.err.println("refused: " + refused.getMessage());
        }
        System.exit(isClean[0] ? 0 : 1);
    }
}
