import java.util.concurrent.CountDownLatch;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopThread;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;

/** Sends a message to a server, prints the answer, and closes. */
class Chat extends WebSocketListener {
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile boolean hasFailed;

    @Override
    public void onConnect(WebSocket socket) {
        if (socket.send("Hello Egret WebSocket") != ErrorCode.OK) System.err.println("not sent");
    }

    @Override
    public void onMessage(WebSocket socket, String text) {
        System.out.println("received: " + text);
        socket.close(1000, "");
    }

    @Override
    public void onClose(WebSocket socket, CloseInfo info) {
        hasFailed = !info.isClean();
        if (hasFailed) System.err.println("failed: " + info.getMessage());
        end.countDown();
    }

    public static void main(String[] args) throws InterruptedException {
        LoopThread thread = new LoopThread(); // calls the listeners of all its sockets
        Chat chat = new Chat();
        thread.getLoop().connect(args[0], chat); // throws if the URL is bad
        chat.end.await();
        thread.close();
        System.exit(chat.hasFailed ? 1 : 0);
    }
}
