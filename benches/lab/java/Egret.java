import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Paths;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.LoopThread;
import org.egret.websocket.PlatformTls;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;

/**
 * Our library. `egret` is a {@link LoopThread}. `egret-platform` is a {@link LoopThread} with the platform's TLS.
 * `egret-threaded` has an I/O thread and a thread that polls. With `-direct`, binary messages are sent and received in direct
 * buffers, otherwise in arrays.
 */
final class Egret implements Contender {
    private final WebSocketLoop loop;
    private final WebSocketOptions options;
    private final boolean isDirect;

    Egret(String name, String authority) throws Exception {
        isDirect = name.endsWith("-direct");
        loop = name.startsWith("egret-threaded") ? polled() : new LoopThread(options(name)).getLoop();
        WebSocketOptions.Builder options = new WebSocketOptions.Builder().disableDeflate(true).directMessages(isDirect);
        if (authority != null) options.tlsRoots(Files.readAllBytes(Paths.get(authority))).onlyTheseRoots(true);
        this.options = options.build();
    }

    private static LoopOptions options(String name) {
        LoopOptions.Builder options = new LoopOptions.Builder();
        if (name.equals("egret-platform")) options.tls(new PlatformTls.Builder().build());
        return options.build();
    }

    /** A loop with an I/O thread, and a thread that polls it. */
    private static WebSocketLoop polled() {
        WebSocketLoop loop = new WebSocketLoop();
        Thread thread = new Thread(() -> {
            while (!loop.isClosed()) loop.poll(-1);
        });
        thread.setDaemon(true);
        thread.start();
        return loop;
    }

    @Override
    public void run(String url, Workload work) throws Exception {
        WebSocket socket = loop.connect(url, options, new Events(work));
        work.await();
        socket.close();
    }

    private final class Events extends WebSocketListener {
        private final Workload work;

        Events(Workload work) {
            this.work = work;
        }

        @Override
        public void onConnect(WebSocket socket) {
            work.begin();
            if (work.introduction() != null) socket.send(work.introduction());
            if (work.mode == Workload.Mode.PING_PONG) send(socket);
            if (work.mode == Workload.Mode.SEND) onDrain(socket);
        }

        private ErrorCode send(WebSocket socket) {
            return work.isText ? socket.send(work.nextText())
                    : isDirect ? socket.send(work.nextDirect()) : socket.send(work.nextBytes());
        }

        @Override
        public void onDrain(WebSocket socket) {
            while (work.hasMore()) {
                ErrorCode result = send(socket);
                if (result == ErrorCode.OK) continue;
                work.refused();
                if (result != ErrorCode.BACKPRESSURE) work.fail(new IllegalStateException(result.name()));
                return;
            }
        }

        @Override
        public void onMessage(WebSocket socket, String text) {
            if (work.received(text)) send(socket);
        }

        @Override
        public void onMessage(WebSocket socket, byte[] data) {
            if (work.received(data)) send(socket);
        }

        @Override
        public void onMessage(WebSocket socket, ByteBuffer data) {
            if (work.received(data)) send(socket);
        }

        @Override
        public void onClose(WebSocket socket, CloseInfo info) {
            work.fail(new IllegalStateException(info.toString()));
        }
    }
}
