import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The messages of one connection, their payloads (see payload.h), and the measurement. A contender calls {@link #begin} when it is
 * connected, sends {@link #introduction} if there is one, and then acts on the results of {@link #received}. Only one thread at a
 * time may call.
 */
final class Workload {
    enum Mode {
        RECEIVE("/source"), SEND("/sink"), PING_PONG("/echo");

        final String path;

        Mode(String path) {
            this.path = path;
        }

        static Mode of(String name) {
            return valueOf(name.toUpperCase().replace('-', '_'));
        }
    }

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    /**
     * The length of each message is checked, and the content of one message in this number. The server checks all received
     * messages.
     */
    private static final int CHECKED = 16;
    private static final int TIME_LIMIT_SECONDS = 60;
    /**
     * A ping-pong ends after this time at the latest: one client does not set TCP_NODELAY, and waits 40 ms for each large
     * message.
     */
    private static final long PING_PONG_NANOS = 4_000_000_000L;

    final Mode mode;
    final int size;
    final int count;
    final boolean isText;
    /** The next message to send, for contenders that send arrays or direct buffers. */
    final byte[] bytes;
    final ByteBuffer direct;
    private final String[] texts;
    private final long[] waits;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Throwable failure;
    private int received;
    private int sent;
    private long begunCpu;
    private long begunAt;
    private long askedAt;
    private long usedCpu;
    private long usedTime;

    /** Makes the texts before the measurement, so that the creation of strings does not count. */
    Workload(Mode mode, int size, int count, boolean isText) {
        this.mode = mode;
        this.size = size;
        this.count = count;
        this.isText = isText;
        bytes = new byte[size];
        for (int i = 0; i < size; i++) bytes[i] = (byte) ('a' + i * 7 % 26);
        direct = ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN);
        direct.put(bytes);
        texts = new String[isText && mode != Mode.RECEIVE ? count : 0];
        for (int i = 0; i < texts.length; i++) {
            stamp(i);
            texts[i] = new String(bytes, StandardCharsets.ISO_8859_1);
        }
        waits = new long[mode == Mode.PING_PONG ? count : 0];
    }

    private static long tag(int number) {
        long x = number & 0xFFFFFFFFL;
        x = (x | x << 16) & 0x0000FFFF0000FFFFL;
        x = (x | x << 8) & 0x00FF00FF00FF00FFL;
        x = (x | x << 4) & 0x0F0F0F0F0F0F0F0FL;
        return x + 0x4141414141414141L;
    }

    private static long check(int number) {
        return tag(number * 0x9E3779B1);
    }

    private void stamp(int number) {
        LONGS.set(bytes, 0, tag(number));
        LONGS.set(bytes, size - 8, check(number));
    }

    // Sending.

    /** Returns the first message as text, or null if there is none. */
    String introduction() {
        return mode == Mode.PING_PONG ? null : size + " " + count + " 100 " + (isText ? "text" : "binary");
    }

    boolean hasMore() {
        return sent < count;
    }

    /** Returns the next message. Call it once for each message. */
    String nextText() {
        asked();
        return texts[sent++];
    }

    /** Returns {@link #bytes} with the next message. */
    byte[] nextBytes() {
        asked();
        stamp(sent++);
        return bytes;
    }

    /** Returns {@link #direct} with the next message. */
    ByteBuffer nextDirect() {
        asked();
        direct.clear();
        direct.putLong(0, tag(sent));
        direct.putLong(size - 8, check(sent++));
        return direct;
    }

    /** Call it if the message was not accepted. It is then the next message again. */
    void refused() {
        sent--;
    }

    private void asked() {
        if (mode == Mode.PING_PONG) askedAt = System.nanoTime();
    }

    // Receiving.

    void begin() {
        begunAt = System.nanoTime();
        begunCpu = Cpu.nanos();
    }

    /** Returns true if the next message must be sent now. */
    boolean received(String text) {
        if (mode == Mode.SEND) {
            if (!text.equals("ok " + count + " 0")) fail(new IllegalStateException("the server reports: " + text));
            end();
            return false;
        }
        if (isDue(text.length())) {
            long tag = tag(received);
            for (int i = 0; i < 8; i++) if (text.charAt(i) != (char) (tag >>> 8 * i & 0xFF)) failContent();
        }
        return next();
    }

    boolean received(byte[] data) {
        if (isDue(data.length)) verify((long) LONGS.get(data, 0), (long) LONGS.get(data, size - 8));
        return next();
    }

    boolean received(ByteBuffer data) {
        if (isDue(data.remaining())) {
            ByteBuffer view = data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
            verify(view.getLong(data.position()), view.getLong(data.limit() - 8));
        }
        return next();
    }

    /**
     * For other forms: checks the length. Returns true if {@link #verify} must check the content. Call {@link #next} afterwards.
     */
    boolean isDue(int length) {
        if (length != size) fail(new IllegalStateException("a message has the wrong length " + length));
        return received % CHECKED == 0;
    }

    void verify(long first, long last) {
        if (first != tag(received) || last != check(received)) failContent();
    }

    boolean next() {
        received++;
        boolean isLast = received == count;
        if (mode == Mode.PING_PONG) {
            long now = System.nanoTime();
            waits[received - 1] = now - askedAt;
            isLast |= now - begunAt > PING_PONG_NANOS;
        }
        if (isLast) end();
        return mode == Mode.PING_PONG && !isLast;
    }

    private void failContent() {
        fail(new IllegalStateException("a wrong message"));
    }

    // The end.

    private void end() {
        usedCpu = Cpu.nanos() - begunCpu;
        usedTime = System.nanoTime() - begunAt;
        ended.countDown();
    }

    void fail(Throwable thrown) {
        if (failure == null && ended.getCount() > 0) failure = thrown;
        ended.countDown();
    }

    void await() throws Exception {
        if (!ended.await(TIME_LIMIT_SECONDS, TimeUnit.SECONDS)) failure = new IllegalStateException("the work did not end in time");
        if (failure != null) throw new Exception(mode + " " + size + " after " + received + " received, " + sent + " sent", failure);
    }

    /** Returns the result line. */
    @Override
    public String toString() {
        int messages = mode == Mode.PING_PONG ? received : count;
        long[] sorted = Arrays.copyOf(waits, mode == Mode.PING_PONG ? messages : 0);
        Arrays.sort(sorted);
        double p50 = sorted.length == 0 ? 0 : sorted[messages / 2] / 1e3;
        return String.format("cpu_us=%.4f wall_us=%.4f p50_us=%.2f", usedCpu / 1e3 / messages, usedTime / 1e3 / messages, p50);
    }
}
