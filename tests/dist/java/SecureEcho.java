import java.nio.file.Files;
import java.nio.file.Paths;
import org.egret.websocket.*;

/**
 * The echo program of the README with the library's TLS. Arguments: a URL, then a file with trusted certificates, --system or
 * --insecure.
 */
public class SecureEcho {
    public static void main(String[] args) throws Exception {
        boolean[] clean = {false};
        WebSocketListener listener = new WebSocketListener() {
            @Override
            public void onConnect(WebSocket socket) {
                socket.send("Hello Egret WebSocket");
            }

            @Override
            public void onMessage(WebSocket socket, String text) {
                System.out.println("received: " + text);
                socket.close();
            }

            @Override
            public void onClose(WebSocket socket, CloseInfo info) {
                System.out.println("closed: " + info);
                clean[0] = info.isClean();
            }
        };
        WebSocketOptions.Builder options = new WebSocketOptions.Builder();
        boolean trustsSystem = args[1].equals("--system");
        if (args[1].equals("--insecure")) options.acceptAnyCertificate(true);
        else if (!trustsSystem) options.tlsRoots(Files.readAllBytes(Paths.get(args[1])));
        try (WebSocketLoop loop = new WebSocketLoop(new LoopOptions.Builder().libraryTls().build())) {
            WebSocket socket = loop.connect(args[0], options.build(), listener);
            while (socket.getState() != WebSocket.State.CLOSED) loop.poll(-1);
        }
        System.exit(clean[0] || trustsSystem ? 0 : 1);
    }
}
