package org.egret.websocket;

import static org.egret.websocket.WebSocketException.check;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * A socket, made by {@link WebSocketLoop#connect}: one connection, or several one after the other with
 * {@link WebSocketOptions.Builder#retryAttempts}. Any thread may call every function, and none blocks. It lives as long as its loop
 * and until its {@code onClose}, also if nothing refers to it.
 *
 * <p>After {@code onClose}, {@link #free} or the end of the loop, a send returns {@link ErrorCode#NOT_OPEN} and the other functions
 * do nothing. Getters never throw: they return the last values.
 */
public final class WebSocket implements AutoCloseable {
    // generated: constants, by "make header"; do not edit
    /**
     * The largest number of sockets that can wait for their loop. Connect calls that the loop has not begun to
     * handle are counted. Freed sockets are counted separately, until a poll has called their
     * {@code release_user}. Beyond this number a connect call returns {@link ErrorCode#NO_RESOURCES}: poll the
     * loop, then try again. Sockets that are connecting or open are not counted.
     */
    public static final int MAX_PENDING_SOCKETS = 16384;
    /**
     * The largest payload of a message, sent or received: 131072 bytes (128 KiB). A message of 131072 bytes is
     * accepted. A message of 131073 bytes is refused. The payload of a text message is counted in UTF-8 bytes.
     * The payload of a fragmented message is counted after its fragments were joined. The option
     * {@link WebSocketOptions.Builder#maxMessageBytes} can lower this limit. Nothing can raise it.
     */
    public static final int MAX_MESSAGE_BYTES = 131072;
    // generated: end

    /** State of a socket. */
    public enum State {
        // generated: states, by "make header"; do not edit
        /**
         * State: the connection is being made, or made again, or {@link WebSocketListener#onConnect} has not been
         * called yet.
         */
        CONNECTING(0),
        /** State: {@link WebSocketListener#onConnect} was called, and messages can be sent. */
        OPEN(1),
        /**
         * State: one side has begun to close, or the connection has ended and {@link WebSocketListener#onClose} has
         * not been called yet. (After {@link WebSocketListener#onRetry} the state stays CONNECTING until the next
         * callback, or until this side closes or aborts.)
         */
        CLOSING(2),
        /** State: {@link WebSocketListener#onClose} was called or is running. */
        CLOSED(3),
        // generated: end
        ;

        final int number;

        State(int number) {
            this.number = number;
        }
    }

    final WebSocketLoop loop;
    final WebSocketListener listener;
    final RequestHook requestHook;
    /** The library's number of this socket, which is never used again. */
    volatile long handle;
    /** Null until {@code onClose}. */
    volatile CloseInfo closeInfo;
    /** Null until the library is about to free the socket. */
    private volatile LastValues last;
    /** No event begins any more. */
    private boolean hasEnded;
    private Runnable endHandler;
    /** {@link #free} was called. */
    volatile boolean isFreed;
    /** Who has paused receiving: bits, guarded by {@link #pauses}. */
    private int pausedBy;
    private final Object pauses = new Object();
    private static final int PAUSED_BY_HOST = 1;
    static final int PAUSED_BY_EXECUTOR = 2;

    WebSocket(WebSocketLoop loop, WebSocketListener listener, RequestHook requestHook) {
        this.loop = loop;
        this.listener = listener;
        this.requestHook = requestHook;
    }

    /**
     * Queues a text message. A surrogate without its other half is sent as U+FFFD, as browsers do.
     *
     * @return {@link ErrorCode#OK}; else nothing was sent: {@link ErrorCode#NOT_OPEN}, {@link ErrorCode#BACKPRESSURE} (try again in
     *     {@code onDrain}), {@link ErrorCode#MESSAGE_TOO_BIG}, {@link ErrorCode#NO_RESOURCES}
     */
    public @NotNull ErrorCode send(@NotNull String text) {
        return sent(Native.sendText(live(), text, unitsOfLong(text)));
    }

    /** Queues a binary message; returns what {@link #send(String)} does. */
    public @NotNull ErrorCode send(@NotNull byte[] data) {
        return sent(Native.sendArray(live(), data, 0, data.length));
    }

    /** Queues a part of an array as a binary message; returns what {@link #send(String)} does. */
    public @NotNull ErrorCode send(@NotNull byte[] data, int offset, int length) {
        if (offset < 0 || length < 0 || offset > data.length - length)
            throw new IndexOutOfBoundsException(offset + " and " + length + " in " + data.length);
        return sent(Native.sendArray(live(), data, offset, length));
    }

    /**
     * Queues a binary message: the bytes between the buffer's position and its limit. If they were accepted, the position moves to
     * the limit. Returns what {@link #send(String)} does.
     */
    public @NotNull ErrorCode send(@NotNull ByteBuffer data) {
        // Read once, because another thread may change them. The shim checks these values against the buffer's memory.
        int position = data.position();
        int limit = data.limit();
        int length = limit - position;
        if (length < 0) throw new IndexOutOfBoundsException("position " + position + " behind limit " + limit);
        int result;
        if (data.isDirect()) {
            result = Native.sendDirect(live(), data, position, length);
        } else if (data.hasArray()) {
            result = Native.sendArray(live(), data.array(), data.arrayOffset() + position, length);
        } else { // read-only: its array is hidden
            ByteBuffer own = data.duplicate();
            own.clear();
            own.limit(limit).position(position);
            byte[] copy = new byte[length];
            own.get(copy);
            result = Native.sendArray(live(), copy, 0, length);
        }
        if (result == 0) moveTo(data, limit);
        return sent(result);
    }

    private static void moveTo(ByteBuffer data, int limit) {
        try {
            data.position(limit);
        } catch (IllegalArgumentException shortened) {
            // Another thread changed the buffer. The message was sent, so this is no error.
        }
    }

    /** Closes with 1000: sends the accepted messages, then makes the closing handshake. {@code onClose} reports the outcome. */
    @Override
    public void close() {
        close(1000, "");
    }

    /** Closes with a code (0: none) and a reason of at most 123 bytes of UTF-8. */
    public void close(int code, @NotNull String reason) {
        if (code < 0 || code > 65535) throw new WebSocketException(ErrorCode.INVALID_CLOSE, code + " is no close code");
        checkUnlessEnded(Native.close(live(), code, reason));
    }

    /**
     * Drops the connection now, without a Close frame and without what waits to be sent or dispatched. {@code onClose} reports
     * {@link ErrorCode#ABORTED}. Ends the attempts to reconnect too.
     */
    public void cancel() {
        checkUnlessEnded(Native.abort(live()));
    }

    /** Ends the socket in any state. No method of its listener is called any more, also not {@code onClose}. */
    public void free() {
        isFreed = true;
        keepLastValues();
        checkUnlessEnded(Native.free(live()));
        end();
    }

    /**
     * Sets the function that is called once when the socket has ended, in each of the three ways: after {@code onClose}, in
     * {@link #free}, and in {@link WebSocketLoop#close}. It runs on the thread of that call; at once if the socket has ended already.
     * It is for code that waits for events, which must not wait for ever if a loop is closed. It replaces the previous one; null for
     * none.
     */
    public void setEndHandler(@Nullable Runnable handler) {
        synchronized (this) {
            if (!hasEnded) {
                endHandler = handler;
                return;
            }
        }
        runEndHandler(handler);
    }

    /** Ends the wait before a reconnection, or one that a {@link RequestHook} has asked for. Does nothing if there is none. */
    public void retryNow() {
        checkUnlessEnded(Native.retryNow(live()));
    }

    /**
     * Pauses receiving: no message begins until {@link #resumeReceive}; they wait, and when the receive queue is full, TCP slows the
     * peer down. {@code onRetry} and {@code onClose} wait behind the messages.
     */
    public void pauseReceive() {
        pauseReceive(PAUSED_BY_HOST);
    }

    /** Resumes receiving. Does nothing if it is not paused. */
    public void resumeReceive() {
        resumeReceive(PAUSED_BY_HOST);
    }

    void pauseReceive(int who) {
        synchronized (pauses) {
            pausedBy |= who;
            checkUnlessEnded(Native.pauseReceive(live()));
        }
    }

    /** Resumes when nobody else has paused it. */
    void resumeReceive(int who) {
        synchronized (pauses) {
            pausedBy &= ~who;
            if (pausedBy == 0) checkUnlessEnded(Native.resumeReceive(live()));
        }
    }

    /** Sends a ping, to measure {@link WebSocketStats#getRttMicros}. Returns what {@link #ping(byte[])} does. */
    public @NotNull ErrorCode ping() {
        return sent(Native.ping(live(), null));
    }

    /**
     * Sends a ping with a payload of at most 125 bytes, which {@link WebSocketListener#onPong} gets back.
     *
     * @return {@link ErrorCode#OK}; else nothing was sent: {@link ErrorCode#NOT_OPEN}, {@link ErrorCode#BACKPRESSURE} (16 pings
     *     wait), {@link ErrorCode#NO_RESOURCES}
     */
    public @NotNull ErrorCode ping(@NotNull byte[] data) {
        if (data.length > 125) throw new IllegalArgumentException("ping: " + data.length + " bytes are more than 125");
        return sent(Native.ping(live(), data));
    }

    /** {@link State#CLOSED} also when the socket or its loop was freed. */
    public @NotNull State getState() {
        int result = last != null ? State.CLOSED.number : Native.state(live());
        return result < 0 ? State.CLOSED : State.values()[result];
    }

    /** Payload bytes that were accepted and are not yet passed to the operating system. */
    public long getBufferedAmount() {
        return last != null ? 0 : Math.max(Native.bufferedAmount(live()), 0);
    }

    /** How many times {@code onConnect} was called: the number of the current connection. */
    public int getGeneration() {
        int result = last != null ? -1 : Native.generation(live());
        return result < 0 ? lastValues().generation : result;
    }

    /** The subprotocol that the server chose; empty if none. */
    public @NotNull String getSubprotocol() {
        return text(LastValues.SUBPROTOCOL);
    }

    /** The negotiated extension, in the server's spelling; empty if none. */
    public @NotNull String getExtensions() {
        return text(LastValues.EXTENSIONS);
    }

    /** The value of a header of the server's answer; several are joined by {@code ", "}. Null if there is none of this name. */
    public @Nullable String getResponseHeader(@NotNull String name) {
        Options.withoutNul("name", name);
        String found = last != null ? null : Native.responseHeader(live(), name);
        return found == null ? lastValues().header(name) : found;
    }

    /** All headers of the server's answer, each as {@code Name: value} and a line feed. */
    public @NotNull String getResponseHeaders() {
        return text(LastValues.HEADERS);
    }

    /**
     * The body of a refusal, in {@code onRetry} and {@code onClose}: the first {@link WebSocketOptions.Builder#maxRefusalBodyBytes} of
     * it. Chunks are joined; a compressed body stays compressed. Empty if there was none, or if the connection was made.
     */
    public @NotNull byte[] getResponseBody() {
        byte[] found = last != null ? null : Native.responseBody(live());
        return found == null ? lastValues().body.clone() : found;
    }

    /**
     * The cookies that the servers of this attempt have set, those of redirects and refusals too: for each {@code Set-Cookie} header the
     * URL that was requested, a space, and the value. The library keeps no cookies: to send one, set a {@code Cookie} header.
     */
    public @NotNull List<String> getResponseCookies() {
        return LastValues.lines(text(LastValues.COOKIES));
    }

    /** The address of the connection, such as {@code 192.0.2.1:443}; that of the proxy, if there is one. Empty until {@code onConnect}. */
    public @NotNull String getRemoteAddress() {
        return text(LastValues.REMOTE_ADDRESS);
    }

    /** The local address of the connection. Empty until {@code onConnect}. */
    public @NotNull String getLocalAddress() {
        return text(LastValues.LOCAL_ADDRESS);
    }

    /**
     * The addresses that were tried, in the order of the attempts, those of the proxy if there is one: each as the address, a space and
     * the result, such as {@code 192.0.2.1:443 Connection refused}. In {@code onRetry} and {@code onClose} too.
     */
    public @NotNull List<String> getTriedAddresses() {
        return LastValues.lines(text(LastValues.TRIED_ADDRESSES));
    }

    /** The URL of the proxy, without a user name and password; empty if there is none. In {@code onRetry} and {@code onClose} too. */
    public @NotNull String getProxy() {
        return text(LastValues.PROXY);
    }

    /**
     * The cipher suite of TLS, such as {@code TLS_AES_256_GCM_SHA384}; empty without TLS, and on Apple's systems. In {@code onRetry} and
     * {@code onClose} too.
     */
    public @NotNull String getTlsCipher() {
        return text(LastValues.TLS_CIPHER);
    }

    /** The protocol that the server selected by ALPN (RFC 7301); empty if it selected none. As {@link #getTlsCipher}. */
    public @NotNull String getTlsAlpn() {
        return text(LastValues.TLS_ALPN);
    }

    /**
     * The certificates that the server sent in the TLS handshake, in DER, its own one first. From {@code onConnect} on; in
     * {@code onRetry} and {@code onClose} also if they were not trusted. A resumed session has those of its first handshake. On Apple's
     * systems only the first one, and only after a handshake that succeeded. Empty if there are none.
     */
    public @NotNull List<byte[]> getPeerCertificates() {
        List<byte[]> found = last != null ? null : LastValues.certificates(live());
        if (found != null && !found.isEmpty()) return found;
        List<byte[]> copies = new ArrayList<>();
        for (byte[] certificate : lastValues().certificates) copies.add(certificate.clone());
        return copies;
    }

    /** {@link #getPeerCertificates} as objects. Throws if Java cannot read one of them. */
    public @NotNull List<X509Certificate> parsePeerCertificates() throws CertificateException {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<X509Certificate> parsed = new ArrayList<>();
        for (byte[] der : getPeerCertificates())
            parsed.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
        return parsed;
    }

    /** The measurements so far. */
    public @NotNull WebSocketStats getStats() {
        WebSocketStats stats = last != null ? null : WebSocketStats.of(live());
        return stats == null ? lastValues().stats : stats;
    }

    /** How and why the socket ended, from {@code onClose} on; null before, and if it ended without {@code onClose}. */
    public @Nullable CloseInfo getCloseInfo() {
        return closeInfo;
    }

    /** The loop that it was made by. */
    public @NotNull WebSocketLoop getLoop() {
        return loop;
    }

    /** The number of this socket in the log, which is never used again. */
    public long getId() {
        return handle;
    }

    /** No event begins any more. A second call does nothing. */
    void end() {
        Runnable handler;
        synchronized (this) {
            hasEnded = true;
            handler = endHandler;
            endHandler = null;
        }
        loop.ended(this);
        runEndHandler(handler);
    }

    private void runEndHandler(Runnable handler) {
        try {
            if (handler != null) handler.run();
        } catch (Throwable thrown) {
            Callbacks.report(this, thrown);
        }
    }

    /** Call it before the library frees the socket. */
    void keepLastValues() {
        if (last != null) return;
        LastValues values = LastValues.of(handle);
        if (values != null) last = values;
    }

    /** The handle; 0, which the library refuses, from {@link WebSocketLoop#close} on. */
    private long live() {
        return loop.isClosed() ? 0 : handle;
    }

    private String text(int which) {
        String found = last != null ? null : Native.text(live(), which);
        return found == null ? lastValues().texts[which] : found;
    }

    private LastValues lastValues() {
        LastValues values = last;
        return values == null ? LastValues.EMPTY : values;
    }

    /** The characters of a long text, because JNI of desktop VMs copies those of a String one by one; null for a short text. */
    private static char[] unitsOfLong(String text) {
        if (text.length() <= 256) return null;
        char[] units = new char[Math.min(text.length(), MAX_MESSAGE_BYTES + 1)];
        text.getChars(0, units.length, units, 0);
        return units;
    }

    /** The result of a send. A refused handle means that the socket has ended. */
    private static ErrorCode sent(int result) {
        ErrorCode error = ErrorCode.of(result);
        return error == ErrorCode.BAD_HANDLE ? ErrorCode.NOT_OPEN : error;
    }

    private static void checkUnlessEnded(int result) {
        if (result != ErrorCode.BAD_HANDLE.number) check(result);
    }
}
