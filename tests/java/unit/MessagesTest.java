import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sends messages in all forms and checks the echoes. */
class MessagesTest {
    private final Support.Recorder events = new Support.Recorder();

    private WebSocket connect(WebSocketLoop loop, WebSocketOptions options) {
        WebSocket socket = loop.connect(Support.ECHO, options, events);
        Support.until(loop, "it connects", () -> events.connects == 1);
        return socket;
    }

    private WebSocket connect(WebSocketLoop loop) {
        return connect(loop, new WebSocketOptions.Builder().build());
    }

    private Object next(WebSocketLoop loop) {
        Support.until(loop, "a message arrives", () -> !events.messages.isEmpty());
        return events.messages.remove(0);
    }

    private static List<String> texts() {
        List<String> texts = new ArrayList<>();
        texts.add("");
        texts.add("\0");
        texts.add("a\0b");
        texts.add("grüße, 白鹭, 🐦");
        texts.add("\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff" + new String(Character.toChars(0x10000))
                + new String(Character.toChars(0x10ffff)));
        // These sizes are close to the sizes at which the shim changes its buffer. A surrogate pair crosses each boundary.
        for (int size : new int[] {128, 255, 256, 257, 340, 341, 342, 511, 512, 513, 1023, 1024, 1025, 2047, 2048, 2049, 4094, 4095, 4096, 4097, 43690}) {
            StringBuilder text = new StringBuilder();
            while (text.length() < size) text.append(size % 2 == 0 ? "é" : "x");
            texts.add(text.toString());
            texts.add(text.substring(1) + "🐦");
        }
        Random random = new Random(7);
        for (int i = 0; i < 50; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(3000); n > 0; n--) {
                int limit = new int[] {0x80, 0x800, 0x10000, 0x110000}[random.nextInt(4)];
                int code = random.nextInt(limit);
                text.appendCodePoint(code >= 0xd800 && code < 0xe000 ? 0xd7ff : code);
            }
            texts.add(text.toString());
        }
        return texts;
    }

    /** Compares with Java's UTF-8. An echo would not show an error that both conversions make. */
    @Test
    void textIsWhatJavasUtf8Is() throws Exception {
        List<String> texts = texts();
        try (Server server = new Server(peer -> {
                    peer.accept("");
                    for (String text : texts) {
                        assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), peer.frame());
                        assertEquals(1, peer.opcode);
                        peer.send(1, text.getBytes(StandardCharsets.UTF_8));
                    }
                    peer.closing();
                });
                WebSocketLoop loop = new WebSocketLoop()) {
            WebSocketOptions options = new WebSocketOptions.Builder().disableDeflate(true).build();
            WebSocket socket = loop.connect(server.url(), options, events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            for (String text : texts) {
                socket.send(text);
                assertEquals(text, next(loop));
            }
            assertTrue(server.found.isEmpty(), server.found::toString);
        }
    }

    @Test
    void anUnpairedSurrogateIsReplaced() {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = connect(loop);
            String[][] sentAndEvents = {{"\ud83d", "\ufffd"}, {"\udc26", "\ufffd"}, {"a\ud83db", "a\ufffdb"},
                {"\udc26\ud83d", "\ufffd\ufffd"}, {"\ud83d\ud83d\udc26", "\ufffd\ud83d\udc26"}, {"\ud83d\u00e9", "\ufffd\u00e9"}};
            for (String before : new String[] {"", new String(new char[600])}) {
                for (String[] pair : sentAndEvents) {
                    socket.send(before + pair[0]);
                    assertEquals(before + pair[1], next(loop));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bytesOfEachSize(boolean inline) {
        try (WebSocketLoop loop = Support.loop(inline)) {
            WebSocket socket = connect(loop);
            Random random = new Random(1);
            for (int size : new int[] {0, 1, 125, 126, 4095, 4096, 4097, 65535, 65536, 131071, 131072}) {
                byte[] data = new byte[size];
                random.nextBytes(data);
                socket.send(data);
                assertArrayEquals(data, (byte[]) next(loop));
            }
        }
    }

    @Test
    void partsAndBuffers() {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = connect(loop);
            byte[] data = new byte[10_000];
            new Random(2).nextBytes(data);
            for (int length : new int[] {7, 6000}) { // only the short one is copied to the stack
                byte[] part = java.util.Arrays.copyOfRange(data, 3, 3 + length);
                ByteBuffer direct = ByteBuffer.allocateDirect(data.length);
                direct.put(data).flip();
                ByteBuffer slice = ByteBuffer.wrap(data).position(1).slice();
                ByteBuffer[] buffers = {ByteBuffer.wrap(data), direct, ByteBuffer.wrap(data).asReadOnlyBuffer(),
                    direct.asReadOnlyBuffer()};
                for (ByteBuffer buffer : buffers) {
                    buffer.position(3).limit(3 + length);
                    socket.send(buffer);
                    assertEquals(buffer.limit(), buffer.position());
                    assertArrayEquals(part, (byte[]) next(loop));
                }
                slice.position(2).limit(2 + length);
                socket.send(slice);
                assertArrayEquals(part, (byte[]) next(loop));
                socket.send(data, 3, length);
                assertArrayEquals(part, (byte[]) next(loop));
            }
            for (ByteBuffer empty : new ByteBuffer[] {ByteBuffer.allocate(0), ByteBuffer.allocateDirect(0)}) {
                socket.send(empty);
                assertEquals(0, ((byte[]) next(loop)).length);
            }
            int[][] outside = {{-1, 1}, {0, -1}, {9_999, 2}, {10_001, 0}, {Integer.MAX_VALUE, Integer.MAX_VALUE}};
            for (int[] part : outside)
                assertThrows(IndexOutOfBoundsException.class, () -> socket.send(data, part[0], part[1]));
        }
    }

    @Test
    void aMessageOverTheLimitIsRefusedAndTheSocketStaysOpen() {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = connect(loop);
            byte[] data = new byte[WebSocket.MAX_MESSAGE_BYTES + 1];
            ByteBuffer buffer = ByteBuffer.allocateDirect(data.length);
            assertEquals(ErrorCode.MESSAGE_TOO_BIG, socket.send(data));
            assertEquals(ErrorCode.MESSAGE_TOO_BIG, socket.send(buffer));
            assertEquals(0, buffer.position(), "nothing was sent");
            assertEquals(ErrorCode.MESSAGE_TOO_BIG, socket.send(new String(new char[131073])));
            assertEquals(ErrorCode.MESSAGE_TOO_BIG, socket.send(new String(new char[1 << 24]).replace('\0', 'x')));
            // 43691 characters of 3 bytes are one byte over the limit, although the number of UTF-16 units is smaller.
            assertEquals(ErrorCode.MESSAGE_TOO_BIG, socket.send(new String(new char[43691]).replace('\0', '白')));
            assertThrows(NullPointerException.class, () -> socket.send((String) null));
            assertThrows(NullPointerException.class, () -> socket.send((byte[]) null));

            String most = new String(new char[131072]).replace('\0', 'x');
            socket.send(most);
            assertEquals(most, next(loop));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void directMessages(boolean inline) {
        List<byte[]> copies = new ArrayList<>();
        List<ByteBuffer> buffers = new ArrayList<>();
        Support.Recorder listener = new Support.Recorder() {
            @Override
            public void onMessage(WebSocket socket, ByteBuffer data) {
                assertTrue(data.isDirect());
                byte[] copy = new byte[data.remaining()];
                data.get(copy);
                copies.add(copy);
                buffers.add(data);
                data.putInt(0, 42); // a write by a listener has no effect
            }
        };
        try (WebSocketLoop loop = Support.loop(inline)) {
            WebSocketOptions options = new WebSocketOptions.Builder().directMessages(true).build();
            WebSocket socket = loop.connect(Support.ECHO, options, listener);
            Support.until(loop, "it connects", () -> listener.connects == 1);
            byte[] large = new byte[131072];
            new Random(3).nextBytes(large);
            byte[][] all = {large, {1, 2, 3, 4}, {5, 6, 7, 8, 9}};
            for (byte[] data : all) socket.send(data);
            socket.send("text is a String still");
            Support.until(loop, "all came", () -> copies.size() == 3 && listener.messages.size() == 1);
            for (int i = 0; i < all.length; i++) assertArrayEquals(all[i], copies.get(i));
            assertEquals("text is a String still", listener.messages.get(0));
        }
        // A buffer that is kept too long contains old content, but never foreign memory.
        System.gc();
        buffers.get(0).clear();
        byte[] old = new byte[131072];
        buffers.get(0).get(old);
        assertEquals(42, ByteBuffer.wrap(old).getInt());
    }
}
