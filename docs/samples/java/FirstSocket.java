import org.egret.websocket.*;

/** Says hello to an echo server, prints the answer and closes. The argument is the URL. */
public class FirstSocket {
    public static void main(String[] args) {
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
            public void onClose(WebSocket socket, CloseInfo info) {
                System.out.println("closed: " + info);
                isClean[0] = info.isClean();
            }
        };
        WebSocketOptions options = new WebSocketOptions.Builder().build();
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(args[0], options, listener);
            while (socket.getState() != WebSocket.State.CLOSED) loop.poll(-1); // a game polls once a frame, with 0
        } catch (WebSocketException refused) {
            System.err.println("refused: " + refused.getMessage());
        }
        System.exit(isClean[0] ? 0 : 1);
    }
}
