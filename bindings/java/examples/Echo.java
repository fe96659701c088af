import org.egret.websocket.*;

public class Echo {
    public static void main(String[] args) {
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
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(args[0], listener); // throws if the URL is bad
            while (socket.getState() != WebSocket.State.CLOSED) loop.poll(-1); // a game polls once a frame, with 0
        }
        System.exit(clean[0] ? 0 : 1);
    }
}
