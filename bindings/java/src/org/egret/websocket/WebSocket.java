package org.egret.websocket;

import static org.egret.websocket.WebSocketException.check;

import java.nio.ByteBuffer;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * One connection, or with {@link WebSocketOptions.Builder#retryAttempts} one after the other; made by {@link WebSocketLoop#connect}.
 * Every call may come from any thread, and none blocks. It lives until its {@code onClose}, also if nothing refers to it.
 *
 * <p>After {@code onClose} has returned, sends are refused with {@link ErrorCode#NOT_OPEN} and closing does nothing; what it
 * measured and what the server answered ({@link #stats}, {@link #responseHeader} and the like) is to be asked for before that, later
 * it is {@link ErrorCode#BAD_HANDLE}.
 */
public final class WebSocket {
    /** The most payload bytes of a message, both ways; text counts as UTF-8. */
    public static final int MAX_MESSAGE_BYTES = 131072;

    /** State: the connection is being made, or made again. */
    public static final int STATE_CONNECTING = 0;
    /** State: messages can be sent. */
    public static final int STATE_OPEN = 1;
    /** State: one side has begun to close. */
    public static final int STATE_CLOSING = 2;
    /** State: {@code onClose} was called, or the socket or its loop was freed. */
    public static final int STATE_CLOSED = 3;

    final WebSocketLoop loop;
    final WebSocketListener listener;
    /** The library's number for it, which is never used again for another. */
    volatile long handle;

    WebSocket(WebSocketLoop loop, WebSocketListener listener) {
        this.loop = loop;
        this.listener = listener;
    }

    /** Queues a text message. A surrogate without its other half is sent as U+FFFD, as browsers do. */
    public void send(@NotNull String text) {
        check(trySend(text));
    }

    /** Queues a binary message. */
    public void send(@NotNull byte[] data) {
        check(trySend(data));
    }

    /** Queues a binary message of a part of an array. */
    public void send(@NotNull byte[] data, int offset, int length) {
        check(trySend(data, offset, length));
    }

    /** Queues a binary message: what is between the buffer's position, which moves to its limit, and that. */
    public void send(@NotNull ByteBuffer data) {
        check(trySend(data));
    }

    /**
     * As {@link #send(String)}, without an exception: for errors that a game meets in the course of play.
     *
     * @return {@link ErrorCode#OK}, or {@link ErrorCode#BACKPRESSURE}, {@link ErrorCode#NOT_OPEN},
     *     {@link ErrorCode#MESSAGE_TOO_BIG}: nothing was sent then
     */
    public int trySend(@NotNull String text) {
        return notOpen(Native.sendText(handle, text, unitsOfLong(text)));
    }

    /** As {@link #send(byte[])}; returns what {@link #trySend(String)} does. */
    public int trySend(@NotNull byte[] data) {
        return notOpen(Native.sendArray(handle, data, 0, data.length));
    }

    /** As {@link #send(byte[], int, int)}; returns what {@link #trySend(String)} does. */
    public int trySend(@NotNull byte[] data, int offset, int length) {
        if (offset < 0 || length < 0 || offset > data.length - length)
            throw new IndexOutOfBoundsException(offset + " and " + length + " in " + data.length);
        return notOpen(Native.sendArray(handle, data, offset, length));
    }

    /** As {@link #send(ByteBuffer)}; returns what {@link #trySend(String)} does. */
    public int trySend(@NotNull ByteBuffer data) {
        int result;
        if (data.isDirect()) {
            result = Native.sendDirect(handle, data, data.position(), data.remaining());
        } else if (data.hasArray()) {
            result = Native.sendArray(handle, data.array(), data.arrayOffset() + data.position(), data.remaining());
        } else { // read-only: its array is hidden
            byte[] copy = new byte[data.remaining()];
            data.duplicate().get(copy);
            result = Native.sendArray(handle, copy, 0, copy.length);
        }
        if (result == ErrorCode.OK) data.position(data.limit());
        return notOpen(result);
    }

    /** Closes with 1000: what was accepted is sent, then the closing handshake is made. The outcome comes as {@code onClose}. */
    public void close() {
        close(1000, "");
    }

    /** Closes with a code (0: none) and a reason of at most 123 bytes of UTF-8. */
    public void close(int code, @NotNull String reason) {
        if (code < 0 || code > 65535) throw new WebSocketException(ErrorCode.INVALID_CLOSE);
        checkUnlessEnded(Native.close(handle, code, reason));
    }

    /** Lets go of the socket, in any state: no further call of its listener, {@code onClose} neither. */
    public void free() {
        checkUnlessEnded(Native.free(handle));
    }

    /** One of {@code STATE_*}. */
    public int state() {
        int result = Native.state(handle);
        return result == ErrorCode.BAD_HANDLE ? STATE_CLOSED : check(result);
    }

    /** Payload bytes accepted and not yet handed to the operating system. */
    public long bufferedAmount() {
        long result = Native.bufferedAmount(handle);
        if (result >= 0) return result;
        checkUnlessEnded((int) result);
        return 0;
    }

    /** How many times {@code onConnect} was called: which of its connections the listener is at. */
    public int generation() {
        return check(Native.generation(handle));
    }

    /** Ends a wait of reconnecting. Does nothing if there is none. */
    public void retryNow() {
        checkUnlessEnded(Native.retryNow(handle));
    }

    /** Sends a ping, to measure {@link WebSocketStats#rttMicros}. */
    public void ping() {
        check(notOpen(Native.ping(handle)));
    }

    /** What the server chose of the subprotocols offered; empty if none. */
    public @NotNull String subprotocol() {
        return Native.subprotocol(handle);
    }

    /** The extension that was agreed on, as the server spelled it; empty if none. */
    public @NotNull String extensions() {
        return Native.extensions(handle);
    }

    /** The value of a header of the server's answer, several joined by {@code ", "}; null if it has none of this name. */
    public @Nullable String responseHeader(@NotNull String name) {
        return Native.responseHeader(handle, WebSocketOptions.withoutNul(name));
    }

    /** All headers of the server's answer, each as {@code Name: value} and a line feed. */
    public @NotNull String responseHeaders() {
        return Native.responseHeaders(handle);
    }

    /** What it has measured so far. */
    public @NotNull WebSocketStats stats() {
        long[] values = new long[WebSocketStats.COUNT];
        return new WebSocketStats(values, Native.stats(handle, values));
    }

    /** The number of this socket in the log, never used again for another. */
    public long id() {
        return handle;
    }

    /** The characters of a long text, for JNI of desktop machines hands out those of a String one by one; of a short one null. */
    private static char[] unitsOfLong(String text) {
        if (text == null || text.length() <= 256) return null;
        char[] units = new char[Math.min(text.length(), MAX_MESSAGE_BYTES + 1)];
        text.getChars(0, units.length, units, 0);
        return units;
    }

    /** A freed handle is a socket that has ended. */
    private static int notOpen(int result) {
        return result == ErrorCode.BAD_HANDLE ? ErrorCode.NOT_OPEN : result;
    }

    private static void checkUnlessEnded(int result) {
        if (result != ErrorCode.BAD_HANDLE) check(result);
    }
}
