import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketException;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;

/** The common part of the tests. */
final class Support {
    /** An echo server. */
    static final String ECHO = System.getProperty("echo");
    /** The limit of each wait. */
    static final long WAIT_LIMIT_MILLIS = 20_000;

    private Support() {}

    static WebSocketLoop loop(boolean inline) {
        return new WebSocketLoop(new LoopOptions.Builder().inline(inline).build());
    }

    /** Polls until the condition holds. */
    static void until(WebSocketLoop loop, String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + WAIT_LIMIT_MILLIS * 1_000_000;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) fail("waited too long until " + what);
            loop.poll(10);
        }
    }

    static ErrorCode errorOf(Runnable call) {
        try {
            call.run();
            return ErrorCode.OK;
        } catch (WebSocketException refused) {
            return refused.getError();
        }
    }

    /** Returns the result of a call, or the name of its error. */
    static String orError(java.util.function.Supplier<String> call) {
        try {
            return call.get();
        } catch (WebSocketException refused) {
            return refused.getMessage();
        }
    }

    /** Records the events. */
    static class Recorder extends WebSocketListener {
        final List<Object> messages = new ArrayList<>();
        int connects;
        final List<String> pongs = new ArrayList<>();
    int drains;
        int retries;
        CloseInfo closed;

        @Override
        public void onConnect(WebSocket socket) {
            connects++;
        }

        @Override
        public void onMessage(WebSocket socket, String text) {
            messages.add(text);
        }

        @Override
        public void onMessage(WebSocket socket, byte[] data) {
            messages.add(data);
        }

        @Override
        public void onPong(WebSocket socket, byte[] data) {
            pongs.add(new String(data));
        }

        @Override
        public void onClose(WebSocket socket, CloseInfo info) {
            if (closed != null) throw new AssertionError("a second onClose");
            closed = info;
        }

        @Override
        public void onDrain(WebSocket socket) {
            drains++;
        }

        @Override
        public void onRetry(WebSocket socket, CloseInfo info, int attempt, long delayMillis) {
            retries++;
        }
    }
}
