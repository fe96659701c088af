package org.egret.websocket;

import static org.egret.websocket.WebSocketException.check;

import java.nio.ByteBuffer;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * One connection, or with {@link WebSocketOptions.Builder#retryAttempts} one after the other; made by {@link WebSocketLoop#connect}.
 * Every call may come from any thread, and none blocks. It lives until its {@code onClose}, also if nothing refers to it.
 *
 * <p>After {@code onClose}, {@link #free} or the end of the loop, sends and {@link #ping} are refused with
 * {@link ErrorCode#NOT_OPEN} and closing does nothing. Getters never throw: they return the last values ({@link #stats},
 * {@link #responseHeader} and the like); empty ones if the loop was closed first.
 */
public final class WebSocket {
    // generated: constants, by "make header"; do not edit
    /**
     * The most payload bytes one message may have, sent or received: 128 KiB, inclusive. 131072 bytes pass and
     * 131073 do not. It counts UTF-8 bytes for text, after reassembly of fragments.
     * {@link WebSocketOptions.Builder#maxMessageBytes} can lower it, nothing raises it.
     */
    public static final int MAX_MESSAGE_BYTES = 131072;
    /**
     * How many sockets can wait for their loop: connect calls that the loop has not begun, and, counted
     * separately, freed sockets whose {@code release_user} no poll has called yet. Beyond this number a connect
     * call returns {@link ErrorCode#NO_RESOURCES}: poll the loop, then try again. Sockets that are connecting
     * or open do not count.
     */
    public static final int MAX_PENDING_SOCKETS = 16384;

    /**
     * State: the connection is being made, or made again, or {@link WebSocketListener#onConnect} has not been
     * called yet.
     */
    public static final int STATE_CONNECTING = 0;
    /** State: {@link WebSocketListener#onConnect} was called; messages can be sent. */
    public static final int STATE_OPEN = 1;
    /**
     * State: one side has begun to close, or the connection has ended and {@link WebSocketListener#onClose} has
     * not been called yet. (After {@link WebSocketListener#onRetry} the state stays CONNECTING until the next
     * callback.)
     */
    public static final int STATE_CLOSING = 2;
    /** State: {@link WebSocketListener#onClose} was called, or is running. */
    public static final int STATE_CLOSED = 3;
    // generated: end

    final WebSocketLoop loop;
    final WebSocketListener listener;
    /** The library's number for it, which is never used again for another. */
    volatile long handle;
    /** Null until the library is about to free the socket. */
    private volatile LastValues last;

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

    /** Queues a binary message: the bytes between the buffer's position, which moves to its limit, and its limit. */
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
        // Read once, as another thread may change them meanwhile. The shim checks these values against the buffer's memory.
        int position = data.position();
        int limit = data.limit();
        int length = limit - position;
        if (length < 0) throw new IndexOutOfBoundsException("position " + position + " behind limit " + limit);
        int result;
        if (data.isDirect()) {
            result = Native.sendDirect(handle, data, position, length);
        } else if (data.hasArray()) {
            result = Native.sendArray(handle, data.array(), data.arrayOffset() + position, length);
        } else { // read-only: its array is hidden
            ByteBuffer own = data.duplicate();
            own.clear();
            own.limit(limit).position(position);
            byte[] copy = new byte[length];
            own.get(copy);
            result = Native.sendArray(handle, copy, 0, length);
        }
        if (result == ErrorCode.OK) moveTo(data, limit);
        return notOpen(result);
    }

    private static void moveTo(ByteBuffer data, int limit) {
        try {
            data.position(limit);
        } catch (IllegalArgumentException shortened) {
            // By another thread. The message was sent, so this is no error.
        }
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

    /** Ends the socket in any state, without a further call of its listener, not even {@code onClose}. */
    public void free() {
        keepLastValues();
        checkUnlessEnded(Native.free(handle));
    }

    /** One of {@code STATE_*}; {@link #STATE_CLOSED} also when the socket or its loop was freed. */
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
        int result = last == null ? Native.generation(handle) : ErrorCode.BAD_HANDLE;
        return result == ErrorCode.BAD_HANDLE ? lastValues().generation : check(result);
    }

    /** Ends a wait of reconnecting. Does nothing if there is none. */
    public void retryNow() {
        checkUnlessEnded(Native.retryNow(handle));
    }

    /** Sends a ping, to measure {@link WebSocketStats#rttMicros}. */
    public void ping() {
        check(notOpen(Native.ping(handle)));
    }

    /** The one that the server chose of the subprotocols offered; empty if none. */
    public @NotNull String subprotocol() {
        String found = last == null ? Native.subprotocol(handle) : null;
        return found == null ? lastValues().subprotocol : found;
    }

    /** The extension that was agreed on, as the server spelled it; empty if none. */
    public @NotNull String extensions() {
        String found = last == null ? Native.extensions(handle) : null;
        return found == null ? lastValues().extensions : found;
    }

    /** The value of a header of the server's answer, several joined by {@code ", "}; null if it has none of this name. */
    public @Nullable String responseHeader(@NotNull String name) {
        WebSocketOptions.withoutNul(name);
        String found = last == null ? Native.responseHeader(handle, name) : null;
        return found == null ? lastValues().header(name) : found;
    }

    /** All headers of the server's answer, each as {@code Name: value} and a line feed. */
    public @NotNull String responseHeaders() {
        String found = last == null ? Native.responseHeaders(handle) : null;
        return found == null ? lastValues().headers : found;
    }

    /** The measurements so far. */
    public @NotNull WebSocketStats stats() {
        long[] values = new long[WebSocketStats.COUNT];
        String address = last == null ? Native.stats(handle, values) : null;
        return address == null ? lastValues().stats : new WebSocketStats(values, address);
    }

    /** To be called before the library frees the socket. */
    void keepLastValues() {
        if (last != null) return;
        LastValues values = LastValues.of(handle);
        if (values != null) last = values;
    }

    private LastValues lastValues() {
        LastValues values = last;
        return values == null ? LastValues.EMPTY : values;
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
