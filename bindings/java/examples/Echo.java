import org.egret.websocket.CloseInfo;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;

public class Echo {
    public static void main(String[] args) {
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
            }
        };
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(args[0], listener);
            while (socket.state() != WebSocket.STATE_CLOSED) loop.poll(-1); // a game polls once a frame, with 0
        }
    }
}
