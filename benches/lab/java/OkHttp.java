import java.util.concurrent.locks.LockSupport;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;

/** OkHttp: one thread reads, another thread writes. */
final class OkHttp implements Contender {
    /** If more than 16 MiB are queued, OkHttp ends the connection. No event reports that they are written. */
    private static final long BUFFERED = 1 << 20;
    private static final long WAIT_NANOS = 50_000;

    private final OkHttpClient client;

    OkHttp(String authority) throws Exception {
        OkHttpClient.Builder builder = new OkHttpClient.Builder();
        if (authority != null) builder.sslSocketFactory(Lab.tls(authority).getSocketFactory(), Lab.trust(authority));
        client = builder.build();
    }

    @Override
    public void run(String url, Workload work) throws Exception {
        WebSocket socket = client.newWebSocket(new Request.Builder().url(url).build(), new WebSocketListener() {
            @Override
            public void onOpen(WebSocket socket, Response response) {
                work.begin();
                if (work.introduction() != null) socket.send(work.introduction());
                if (work.mode == Workload.Mode.PING_PONG) send(socket);
                // This runs in the reader's thread. No message arrives before the end of a flood.
                while (work.mode == Workload.Mode.SEND && work.hasMore()) {
                    while (socket.queueSize() > BUFFERED) LockSupport.parkNanos(WAIT_NANOS);
                    send(socket);
                }
            }

            private void send(WebSocket socket) {
                boolean accepted = work.isText ? socket.send(work.nextText()) : socket.send(ByteString.of(work.nextBytes()));
                if (!accepted) work.fail(new IllegalStateException("a message was not accepted"));
            }

            @Override
            public void onMessage(WebSocket socket, String text) {
                if (work.received(text)) send(socket);
            }

            @Override
            public void onMessage(WebSocket socket, ByteString data) {
                if (work.isDue(data.size())) work.verify(number(data, 0), number(data, data.size() - 8));
                if (work.next()) send(socket);
            }

            @Override
            public void onFailure(WebSocket socket, Throwable thrown, Response response) {
                work.fail(thrown);
            }
        });
        work.await();
        socket.close(1000, null);
    }

    private static long number(ByteString data, int at) {
        long number = 0;
        for (int i = 7; i >= 0; i--) number = number << 8 | data.getByte(at + i) & 0xFF;
        return number;
    }
}
