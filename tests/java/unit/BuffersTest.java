import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Only the bytes of the message are sent, and nothing is sent while an exception is pending. */
class BuffersTest {
    private static final Class<?> NATIVE = nativeClass();

    private static Class<?> nativeClass() {
        try {
            return Class.forName("org.egret.websocket.Native");
        } catch (ClassNotFoundException missing) {
            throw new AssertionError(missing);
        }
    }

    /** Calls a function of the shim with arguments that the public classes never pass. */
    private static int call(String name, Object... arguments) throws Throwable {
        for (Method method : NATIVE.getDeclaredMethods()) {
            if (!method.getName().equals(name)) continue;
            method.setAccessible(true);
            try {
                return (int) method.invoke(null, arguments);
            } catch (InvocationTargetException thrown) {
                throw thrown.getCause();
            }
        }
        throw new AssertionError(name);
    }

    /** Another thread changes position and limit while the buffer is sent. */
    @ParameterizedTest
    @ValueSource(strings = {"heap", "direct", "read-only", "slice"})
    void aBufferThatChangesDuringTheSend(String kind) throws Exception {
        int size = 1000;
        ByteBuffer whole = kind.equals("direct") || kind.equals("slice") ? ByteBuffer.allocateDirect(3 * size)
                : ByteBuffer.allocate(3 * size);
        for (int i = 0; i < whole.capacity(); i++) whole.put(i, (byte) (i >= size && i < 2 * size ? 'A' : 'X'));
        whole.position(size);
        whole.limit(2 * size);
        ByteBuffer part = kind.equals("read-only") ? whole.slice().asReadOnlyBuffer() : whole.slice();
        int[] events = new int[2];
        WebSocketListener listener = new WebSocketListener() {
            @Override
            public void onMessage(WebSocket socket, byte[] data) {
                events[0]++;
                for (byte one : data) if (one != 'A') events[1]++;
                if (data.length > size) events[1]++;
            }
        };
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocketOptions options = new WebSocketOptions.Builder().disableDeflate(true).build();
            WebSocket socket = loop.connect(Support.ECHO, options, listener);
            Support.until(loop, "it connects", () -> socket.getState() == WebSocket.State.OPEN);
            Thread mover = new Thread(() -> {
                while (!Thread.interrupted()) {
                    part.position(size);
                    part.position(0);
                    part.limit(0);
                    part.limit(size);
                }
            });
            mover.start();
            int sent = 0;
            try {
                for (int i = 0; i < 20_000; i++) {
                    try {
                        ErrorCode result = socket.send(part);
                        if (result == ErrorCode.OK) sent++;
                        else assertEquals(ErrorCode.BACKPRESSURE, result);
                    } catch (IndexOutOfBoundsException | IllegalArgumentException refused) {
                        // not sent
                    }
                    if (i % 64 == 0) loop.poll();
                }
            } finally {
                mover.interrupt();
                mover.join();
            }
            int all = sent;
            Support.until(loop, "all echoes have arrived", () -> events[0] == all);
            assertEquals(0, events[1], "messages with foreign bytes or of another size");
            part.clear();
            assertEquals(ErrorCode.OK, socket.send(part));
            Support.until(loop, "only the last message is echoed, none that was refused", () -> events[0] == all + 1);
        }
    }

    @Test
    void theShimChecksTheRangeOfEachPart() throws Throwable {
        int[] lengths = new int[1];
        int[] events = new int[1];
        WebSocketListener listener = new WebSocketListener() {
            @Override
            public void onMessage(WebSocket socket, byte[] data) {
                events[0]++;
                lengths[0] += data.length;
            }
        };
        int max = Integer.MAX_VALUE;
        int min = Integer.MIN_VALUE;
        int[][] outside = {{0, 11}, {1, 10}, {10, 1}, {11, 0}, {-1, 1}, {-1, 0}, {0, -1}, {1, -1}, {11, -1}, {max, max}, {max, 1},
            {1, max}, {0, max}, {min, max}, {min, min}, {max, min}, {0, min}, {5000, 0}, {0, 5000}};
        int[][] inside = {{0, 10}, {10, 0}, {0, 0}, {3, 4}, {9, 1}};
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(Support.ECHO, listener);
            Support.until(loop, "it connects", () -> socket.getState() == WebSocket.State.OPEN);
            ByteBuffer direct = ByteBuffer.allocateDirect(20);
            direct.position(10);
            ByteBuffer slice = direct.slice();
            for (int[] part : outside) {
                String at = part[0] + ", " + part[1];
                assertEquals(ErrorCode.INVALID_ARGUMENT.getNumber(), call("sendArray", socket.getId(), new byte[10], part[0], part[1]), at);
                assertEquals(ErrorCode.INVALID_ARGUMENT.getNumber(), call("sendDirect", socket.getId(), slice, part[0], part[1]), at);
            }
            assertEquals(ErrorCode.INVALID_ARGUMENT.getNumber(), call("sendArray", socket.getId(), null, 0, 0));
            assertEquals(ErrorCode.INVALID_ARGUMENT.getNumber(), call("sendDirect", socket.getId(), null, 0, 0));
            assertEquals(ErrorCode.INVALID_ARGUMENT.getNumber(), call("sendDirect", socket.getId(), ByteBuffer.allocate(10), 0, 10));
            assertEquals(ErrorCode.INVALID_ARGUMENT.getNumber(), call("sendText", socket.getId(), null, null));
            for (int code : new int[] {-1, 66536, 65536 + 1000, min}) {
                assertEquals(ErrorCode.INVALID_CLOSE.getNumber(), call("close", socket.getId(), code, ""), "" + code);
            }
            int length = 0;
            for (int[] part : inside) {
                assertEquals(ErrorCode.OK.getNumber(), call("sendArray", socket.getId(), new byte[10], part[0], part[1]));
                assertEquals(ErrorCode.OK.getNumber(), call("sendDirect", socket.getId(), slice, part[0], part[1]));
                length += 2 * part[1];
            }
            Support.until(loop, "the echoes have arrived", () -> events[0] == 2 * inside.length);
            assertEquals(length, lengths[0]);
        }
    }

    /** If an array is too short, the call throws Java's exception and starts no connection. */
    @Test
    void noConnectionIsStartedWhileAnExceptionIsPending() throws Throwable {
        Support.Recorder events = new Support.Recorder();
        try (Server server = new Server(peer -> peer.found(peer.head())); WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect("127.0.0.1", 1, events);
            java.lang.reflect.Field field = WebSocketLoop.class.getDeclaredField("handle");
            field.setAccessible(true);
            long handle = field.getLong(loop);
            java.lang.reflect.Field all = WebSocketOptions.class.getDeclaredField("allNumbers");
            all.setAccessible(true);
            int[] numbers = (int[]) all.get(new WebSocketOptions.Builder().build());
            java.lang.reflect.Field allTexts = WebSocketOptions.class.getDeclaredField("texts");
            allTexts.setAccessible(true);
            String[] texts = (String[]) allTexts.get(new WebSocketOptions.Builder().build());
            String[] none = {};
            byte[] bytes = {1};
            ByteBuffer small = ByteBuffer.allocateDirect(4096);
            ByteBuffer tooSmall = ByteBuffer.allocateDirect(WebSocket.MAX_MESSAGE_BYTES - 1);
            long[] out = new long[1];
            assertThrows(ArrayIndexOutOfBoundsException.class, () -> call("connect", handle, server.url(), -1, socket, 0,
                    new int[numbers.length - 1], texts, none, null, null, false, false, small, null, out));
            assertThrows(ArrayIndexOutOfBoundsException.class, () -> call("connect", handle, server.url(), -1, socket, 0,
                    numbers, new String[texts.length - 1], new String[] {"a", "b"}, bytes, bytes, false, false, small, null, out));
            assertThrows(OutOfMemoryError.class, () -> call("connect", handle, server.url(), -1, socket, 0, numbers, texts, none, null,
                    null, false, false, small, tooSmall, out));
            for (ByteBuffer wrong : new ByteBuffer[] {null, ByteBuffer.allocate(4096), ByteBuffer.allocateDirect(4095)})
                assertThrows(OutOfMemoryError.class, () -> call("connect", handle, server.url(), -1, socket, 0, numbers, texts, none, null,
                        null, false, false, wrong, null, out));
            assertEquals(ErrorCode.INVALID_ARGUMENT.getNumber(), call("connect", handle, "127.0.0.1", 65536 + server.port(), socket, 0,
                    numbers, texts, none, null, null, false, false, small, null, out));
            assertEquals(0, out[0]);
            assertThrows(ArrayIndexOutOfBoundsException.class, () -> call("loopNew", loop, 0, false, new int[16], false, false, false, 0,
                    null, new long[0]));
            assertThrows(ArrayIndexOutOfBoundsException.class, () -> call("stats", socket.getId(), new long[3]));
            Support.until(loop, "the other socket has ended", () -> events.closed != null);
            assertTrue(server.found.isEmpty(), server.found::toString);
            // The connection was started before the return of its handle failed, so it is freed.
            assertThrows(ArrayIndexOutOfBoundsException.class, () -> call("connect", handle, server.url(), -1, socket, 0,
                    numbers, texts, none, null, null, false, false, small, null, new long[0]));
            loop.poll();
            assertEquals(0, events.connects);
        }
    }
}
