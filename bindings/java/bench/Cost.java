import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;

/** Prints the nanoseconds of CPU time that the polling thread needs for one message sent and received: `Cost URL FORM BYTES`. */
public class Cost extends WebSocketListener {
    private static final int WINDOW = 64;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private long received;

    public static void main(String[] args) {
        String form = args[1];
        int bytes = Integer.parseInt(args[2]);
        int count = (int) Math.min(100_000, 500_000_000L / (bytes + 2_000));
        Cost cost = new Cost();
        LoopOptions loopOptions = new LoopOptions.Builder().pollMaxMicros(LoopOptions.UNLIMITED).build();
        WebSocketOptions options =
                new WebSocketOptions.Builder().disableDeflate(true).directMessages(form.equals("direct")).build();
        String text = new String(new char[bytes]).replace('\0', 'x');
        byte[] array = new byte[bytes];
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
        try (WebSocketLoop loop = new WebSocketLoop(loopOptions)) {
            WebSocket socket = loop.connect(args[0], options, cost);
            while (socket.getState() != WebSocket.State.OPEN) loop.poll(-1);
            long start = 0;
            long sent = 0;
            while (cost.received < 2L * count) { // the first half warms up
                if (start == 0 && cost.received >= count) start = THREADS.getCurrentThreadCpuTime();
                for (int i = 0; i < WINDOW && sent < 2L * count; i++, sent++) {
                    buffer.clear();
                    ErrorCode result = form.equals("text") ? socket.send(text)
                            : form.equals("array") ? socket.send(array) : socket.send(buffer);
                    if (result != ErrorCode.OK) throw new IllegalStateException(result.name());
                }
                while (cost.received < sent) loop.poll(-1);
            }
            System.out.println((THREADS.getCurrentThreadCpuTime() - start) / count);
        }
    }

    @Override
    public void onMessage(WebSocket socket, String text) {
        received++;
    }

    @Override
    public void onMessage(WebSocket socket, byte[] data) {
        received++;
    }

    @Override
    public void onMessage(WebSocket socket, ByteBuffer data) {
        received++;
    }
}
