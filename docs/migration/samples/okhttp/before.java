import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;

/** Sends a message to a server, prints the answer, and closes. */
class Chat extends WebSocketListener {
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile boolean hasFailed;

    @Override
    public void onOpen(WebSocket socket, Response response) {
        if (!socket.send("Hello Egret WebSocket")) System.err.println("not sent");
    }

    @Override
    public void onMessage(WebSocket socket, String text) {
        System.out.println("received: " + text);
        socket.close(1000, "");
    }

    @Override
    public void onClosing(WebSocket socket, int code, String reason) {
        socket.close(1000, "");
    }

    @Override
    public void onClosed(WebSocket socket, int code, String reason) {
        end.countDown();
    }

    @Override
    public void onFailure(WebSocket socket, Throwable failure, Response response) {
        System.err.println("failed: " + failure.getMessage());
        hasFailed = true;
        end.countDown();
    }

    public static void main(String[] args) throws InterruptedException {
        OkHttpClient client = new OkHttpClient.Builder().pingInterval(20, TimeUnit.SECONDS).build();
        Chat chat = new Chat();
        client.newWebSocket(new Request.Builder().url(args[0]).build(), chat); // throws if the URL is bad
        chat.end.await();
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
        System.exit(chat.hasFailed ? 1 : 0);
    }
}
