import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The JDK's own client. It delivers the parts of a message, so this class joins them, like each program that needs messages. */
final class Jdk implements Contender {
    private final HttpClient client;

    Jdk(String authority) throws Exception {
        HttpClient.Builder builder = HttpClient.newBuilder();
        if (authority != null) builder.sslContext(Lab.tls(authority));
        client = builder.build();
    }

    @Override
    public void run(String url, Workload work) throws Exception {
        WebSocket socket = client.newWebSocketBuilder().buildAsync(URI.create(url), new Listener(work)).join();
        work.await();
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "");
    }

    private static final class Listener implements WebSocket.Listener {
        private final Workload work;
        private final ByteBuffer joined;
        private final StringBuilder text = new StringBuilder();

        Listener(Workload work) {
            this.work = work;
            joined = ByteBuffer.allocate(work.size);
        }

        @Override
        public void onOpen(WebSocket socket) {
            socket.request(Long.MAX_VALUE);
            work.begin();
            CompletableFuture<WebSocket> introduced = work.introduction() == null
                    ? CompletableFuture.completedFuture(socket) : socket.sendText(work.introduction(), true);
            if (work.mode != Workload.Mode.RECEIVE) introduced.thenRun(() -> sendAll(socket));
        }

        /** The client accepts one message at a time: it refuses another message before the first one is written. */
        private void sendAll(WebSocket socket) {
            while (work.hasMore()) {
                CompletableFuture<WebSocket> sent = work.isText
                        ? socket.sendText(work.nextText(), true) : socket.sendBinary(ByteBuffer.wrap(work.nextBytes()), true);
                if (work.mode == Workload.Mode.PING_PONG) return;
                if (!sent.isDone()) {
                    sent.whenComplete((done, thrown) -> {
                        if (thrown != null) work.fail(thrown);
                        else sendAll(socket);
                    });
                    return;
                }
            }
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            boolean isWhole = last && text.length() == 0;
            if (!isWhole) text.append(part);
            if (!last) return null;
            boolean answers = work.received(isWhole ? part.toString() : text.toString());
            text.setLength(0);
            if (answers) sendAll(socket);
            return null;
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer part, boolean last) {
            boolean isWhole = last && joined.position() == 0;
            if (!isWhole) joined.put(part);
            if (!last) return null;
            joined.flip();
            boolean answers = work.received(isWhole ? part : joined);
            joined.clear();
            if (answers) sendAll(socket);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable thrown) {
            work.fail(thrown);
        }
    }
}
