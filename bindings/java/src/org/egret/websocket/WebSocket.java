package org.egret.websocket;

import static org.egret.websocket.WebSocketException.check;

import java.nio.ByteBuffer;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * A socket, made by {@link WebSocketLoop#connect}: one connection, or several one after the other with
 * {@link WebSocketOptions.Builder#retryAttempts}. Any thread may call every function, and none blocks. It lives until its
 * {@code onClose}, also if nothing refers to it.
 *
 * <p>After {@code onClose}, {@link #free} or the end of the loop, sends and {@link #ping} are refused with
 * {@link ErrorCode#NOT_OPEN} and closing does nothing. Getters such as {@link #stats} and {@link #responseHeader} never throw: they
 * return the last values, or empty ones if the loop was closed first.
 */
public final class WebSocket {
    // generated: constants, by "make header"; do not edit
    /**
     * The most payload bytes of a message, sent or received: 128 KiB, inclusive. A message of 131072 bytes is
     * accepted, one of 131073 bytes is not. It counts UTF-8 bytes for text, after reassembly of fragments.
     * {@link WebSocketOptions.Builder#maxMessageBytes} can lower it, nothing raises it.
     */
    public static final int MAX_MESSAGE_BYTES = 131072;
    /**
     * The most sockets that can wait for their loop: connect calls that the loop has not begun, and, counted
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
    /** The library's number of this socket, which is never used again. */
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

    /** Queues a part of an array as a binary message. */
    public void send(@NotNull byte[] data, int offset, int length) {
        check(trySend(data, offset, length));
    }

    /** Queues a binary message: the bytes between the buffer's position, which moves to its limit, and its limit. */
    public void send(@NotNull ByteBuffer data) {
        check(trySend(data));
    }

    /**
     * As {@link #send(String)}, but returns errors instead of throwing them: for errors that are normal during a game.
     *
     * @return {@link ErrorCode#OK}, or {@link ErrorCode#BACKPRESSURE}, {@link ErrorCode#NOT_OPEN},
     *     {@link ErrorCode#MESSAGE_TOO_BIG}: then nothing was sent
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
        // Read once, because another thread may change them. The shim checks these values against the buffer's memory.
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
            // Another thread changed the buffer. The message was sent, so this is no error.
        }
    }

    /** Closes with 1000: sends the accepted messages, then makes the closing handshake. {@code onClose} reports the outcome. */
    public void close() {
        close(1000, "");
    }

    /** Closes with a code (0: none) and a reason of at most 123 bytes of UTF-8. */
    public void close(int code, @NotNull String reason) {
        if (code < 0 || code > 65535) throw new WebSocketException(ErrorCode.INVALID_CLOSE);
        checkUnlessEnded(Native.close(handle, code, reason));
    }

    /** Ends the socket in any state. No method of its listener is called any more, also not {@code onClose}. */
    public void free() {
        keepLastValues();
        checkUnlessEnded(Native.free(handle));
    }

    /** One of {@code STATE_*}; {@link #STATE_CLOSED} also when the socket or its loop was freed. */
    public int state() {
        int result = Native.state(handle);
        return result == ErrorCode.BAD_HANDLE ? STATE_CLOSED : check(result);
    }

    /** Payload bytes that were accepted and are not yet passed to the operating system. */
    public long bufferedAmount() {
        long result = Native.bufferedAmount(handle);
        if (result >= 0) return result;
        checkUnlessEnded((int) result);
        return 0;
    }

    /** How many times {@code onConnect} was called: the number of the current connection. */
    public int generation() {
        int result = last == null ? Native.generation(handle) : ErrorCode.BAD_HANDLE;
        return result == ErrorCode.BAD_HANDLE ? lastValues().generation : check(result);
    }

    /** Ends the wait before a reconnection. Does nothing if there is none. */
    public void retryNow() {
        checkUnlessEnded(Native.retryNow(handle));
    }

    /** Sends a ping, to measure {@link WebSocketStats#rttMicros}. */
    public void ping() {
        check(notOpen(Native.ping(handle)));
    }

    /** The subprotocol that the server chose; empty if none. */
    public @NotNull String subprotocol() {
        String found = last == null ? Native.subprotocol(handle) : null;
        return found == null ? lastValues().subprotocol : found;
    }

    /** The negotiated extension, in the server's spelling; empty if none. */
    public @NotNull String extensions() {
        String found = last == null ? Native.extensions(handle) : null;
        return found == null ? lastValues().extensions : found;
    }

    /** The value of a header of the server's answer; several are joined by {@code ", "}. Null if there is none of this name. */
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

    /**
     * The address of the connection, such as {@code 192.0.2.1:443} or {@code [2001:db8::1]:443}; that of the proxy, if there is
     * one. Empty until {@code onConnect}.
     */
    public @NotNull String remoteAddress() {
        String found = last == null ? Native.remoteAddress(handle) : null;
        return found == null ? lastValues().address : found;
    }

    /** The measurements so far. */
    public @NotNull WebSocketStats stats() {
        long[] values = new long[WebSocketStats.COUNT];
        boolean isLive = last == null && Native.stats(handle, values);
        return isLive ? new WebSocketStats(values) : lastValues().stats;
    }

    /** Call it before the library frees the socket. */
    void keepLastValues() {
        if (last != null) return;
        LastValues values = LastValues.of(handle);
        if (values != null) last = values;
    }

    private LastValues lastValues() {
        LastValues values = last;
        return values == null ? LastValues.EMPTY : values;
    }

    /** The number of this socket in the log, which is never used again. */
    public long id() {
        return handle;
    }

    /** The characters of a long text, because JNI of desktop VMs copies those of a String one by one; null for a short text. */
    private static char[] unitsOfLong(String text) {
        if (text == null || text.length() <= 256) return null;
        char[] units = new char[Math.min(text.length(), MAX_MESSAGE_BYTES + 1)];
        text.getChars(0, units.length, units, 0);
        return units;
    }

    /** A freed handle means that the socket has ended. */
    private static int notOpen(int result) {
        return result == ErrorCode.BAD_HANDLE ? ErrorCode.NOT_OPEN : result;
    }

    private static void checkUnlessEnded(int result) {
        if (result != ErrorCode.BAD_HANDLE) check(result);
    }
}
