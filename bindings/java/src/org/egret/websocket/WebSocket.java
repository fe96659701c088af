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
 * A socket, which {@link WebSocketLoop#connect} returns. It has one connection, or, with
 * {@link WebSocketOptions.Builder#retryAttempts}, several one after the other. Any thread may call every function, and none blocks. It
 * lives until its {@code onClose} or the end of its loop, even if nothing refers to it.
 *
 * <p>After {@code onClose}, {@link #free} or the end of the loop, a send returns {@link ErrorCode#NOT_OPEN} and the other functions
 * do nothing. Getters never throw: they return the last values.
 */
public final class WebSocket implements AutoCloseable {
    // generated: constants, by "make header"; do not edit
    /**
     * The largest number of sockets that can wait for their loop. Connect calls that the loop has not begun to
     * handle are counted. Freed sockets are counted separately, until a poll has handled their end. Beyond this
     * number a connect call returns {@link ErrorCode#NO_RESOURCES}: poll the loop, then try again. Sockets that
     * are connecting or open are not counted.
     */
    public static final int MAX_PENDING_SOCKETS = 16384;
    /**
     * The largest payload of a message, sent or received: 131072 bytes (128 KiB). A message of 131072 bytes is
     * accepted. A message of 131073 bytes is refused. The payload of a text message is counted in UTF-8 bytes.
     * The payload of a fragmented message is counted after its fragments were joined. The option
     * {@link WebSocketOptions.Builder#maxMessageBytes} can lower this limit. This limit cannot be raised.
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
    /** The exception of the RequestHook that has stopped the socket; null: none. */
    volatile Throwable hookFailure;
    /** Null until the library is about to free the socket. */
    private volatile LastValues last;
    /** Whether events are no longer delivered. */
    private boolean hasEnded;
    private Runnable endHandler;
    /** Whether {@link #free} was called. */
    volatile boolean isFreed;
    /** The parts that have paused receiving, as bits. Guarded by {@link #pauses}. */
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
     * @return {@link ErrorCode#OK}. With every other result nothing was sent: {@link ErrorCode#NOT_OPEN},
     *     {@link ErrorCode#BACKPRESSURE} (try again in {@code onDrain}), {@link ErrorCode#MESSAGE_TOO_BIG},
     *     {@link ErrorCode#NO_RESOURCES}
     */
    public @NotNull ErrorCode send(@NotNull String text) {
        return sent(Native.sendText(live(), text, unitsOfLong(text)));
    }

    /** Queues a binary message. Returns the results of {@link #send(String)}. */
    public @NotNull ErrorCode send(@NotNull byte[] data) {
        return sent(Native.sendArray(live(), data, 0, data.length));
    }

    /** Queues a part of an array as a binary message. Returns the results of {@link #send(String)}. */
    public @NotNull ErrorCode send(@NotNull byte[] data, int offset, int length) {
        if (offset < 0 || length < 0 || offset > data.length - length)
            throw new IndexOutOfBoundsException(offset + " and " + length + " in " + data.length);
        return sent(Native.sendArray(live(), data, offset, length));
    }

    /**
     * Queues a binary message: the bytes between the buffer's position and its limit. If they are accepted, the position moves to
     * the limit. Returns the results of {@link #send(String)}.
     */
    public @NotNull ErrorCode send(@NotNull ByteBuffer data) {
        // These values are read once, because another thread may change them. The shim checks them against the buffer's memory.
        int position = data.position();
        int limit = data.limit();
        int length = limit - position;
        if (length < 0) throw new IndexOutOfBoundsException("position " + position + " behind limit " + limit);
        int result;
        if (data.isDirect()) {
            result = Native.sendDirect(live(), data, position, length);
        } else if (data.hasArray()) {
            result = Native.sendArray(live(), data.array(), data.arrayOffset() + position, length);
        } else { // a read-only buffer, which hides its array
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
            // Another thread changed the buffer. The message was sent, so this is not an error.
        }
    }

    /** Closes with 1000: sends the accepted messages, then performs the closing handshake. {@code onClose} reports the outcome. */
    @Override
    public void close() {
        close(1000, "");
    }

    /** Closes with a code (0: none) and a reason of at most 123 bytes of UTF-8. */
    public void close(int code, @NotNull String reason) {
        if (code < 0 || code > 65535) throw new WebSocketException(ErrorCode.INVALID_CLOSE, code + " is not a close code");
        checkUnlessEnded(Native.close(live(), code, reason));
    }

    /**
     * Drops the connection immediately, without a Close frame, and all messages that wait to be sent or dispatched. {@code onClose}
     * reports {@link ErrorCode#ABORTED}. It also ends the attempts to reconnect.
     */
    public void cancel() {
        checkUnlessEnded(Native.abort(live()));
    }

    /** Ends the socket in any state. No method of its listener is called any more, including {@code onClose}. */
    public void free() {
        isFreed = true;
        keepLastValues();
        checkUnlessEnded(Native.free(live()));
        end();
    }

    /**
     * Sets a function that is called once when the socket has ended: after {@code onClose}, in {@link #free}, or in
     * {@link WebSocketLoop#close}. It runs on the thread of that call, or immediately if the socket has already ended. It is
     * for code that waits for events, and that must not wait forever after a loop was closed. It replaces the previous
     * function; null removes it.
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

    /** Ends the wait before a reconnection, or the wait of a {@link RequestHook}. Does nothing if nothing waits. */
    public void retryNow() {
        checkUnlessEnded(Native.retryNow(live()));
    }

    /**
     * Pauses receiving: {@code onMessage} is not called until {@link #resumeReceive}. Messages wait, and when the receive queue
     * is full,
     * TCP slows the peer down. {@code onRetry} and {@code onClose} wait behind the messages.
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

    /** Resumes receiving, unless another part has paused it. */
    void resumeReceive(int who) {
        synchronized (pauses) {
            pausedBy &= ~who;
            if (pausedBy == 0) checkUnlessEnded(Native.resumeReceive(live()));
        }
    }

    /** Sends a ping, to measure {@link WebSocketStats#getRttMicros}. Returns the results of {@link #ping(byte[])}. */
    public @NotNull ErrorCode ping() {
        return sent(Native.ping(live(), null));
    }

    /**
     * Sends a ping with a payload of at most 125 bytes. {@link WebSocketListener#onPong} gets the payload with the answer.
     *
     * @return {@link ErrorCode#OK}. With every other result nothing was sent: {@link ErrorCode#NOT_OPEN},
     *     {@link ErrorCode#BACKPRESSURE} (16 pings wait), {@link ErrorCode#NO_RESOURCES}
     */
    public @NotNull ErrorCode ping(@NotNull byte[] data) {
        if (data.length > 125) throw new IllegalArgumentException("ping: " + data.length + " bytes are more than 125");
        return sent(Native.ping(live(), data));
    }

    /** Returns the state. It is also {@link State#CLOSED} after the socket or its loop was freed. */
    public @NotNull State getState() {
        int result = last != null ? State.CLOSED.number : Native.state(live());
        return result < 0 ? State.CLOSED : State.values()[result];
    }

    /** Returns the number of payload bytes that were accepted and are not yet passed to the operating system. */
    public long getBufferedAmount() {
        return last != null ? 0 : Math.max(Native.bufferedAmount(live()), 0);
    }

    /** Returns the number of times that {@code onConnect} was called. This is the number of the current connection. */
    public int getGeneration() {
        int result = last != null ? -1 : Native.generation(live());
        return result < 0 ? lastValues().generation : result;
    }

    /** Returns the subprotocol that the server chose; empty if it chose none. */
    public @NotNull String getSubprotocol() {
        return text(LastValues.SUBPROTOCOL);
    }

    /** Returns the negotiated extension, in the server's spelling; empty if there is none. */
    public @NotNull String getExtensions() {
        return text(LastValues.EXTENSIONS);
    }

    /** Returns the value of a header in the server's answer; several values are joined by {@code ", "}. Null if there is none. */
    public @Nullable String getResponseHeader(@NotNull String name) {
        Options.withoutNul("name", name);
        String found = last != null ? null : Native.responseHeader(live(), name);
        return found == null ? lastValues().header(name) : found;
    }

    /** Returns all headers in the server's answer, each as {@code Name: value} and a line feed. */
    public @NotNull String getResponseHeaders() {
        return text(LastValues.HEADERS);
    }

    /**
     * Returns the first {@link WebSocketOptions.Builder#maxRefusalBodyBytes} of the body of a refusal, in {@code onRetry} and
     * {@code onClose}. Chunks are joined; a compressed body stays compressed. Empty if there was none, or if the connection was
     * made.
     */
    public @NotNull byte[] getResponseBody() {
        byte[] found = last != null ? null : Native.responseBody(live());
        return found == null ? lastValues().body.clone() : found;
    }

    /**
     * Returns the cookies that the servers of this attempt have set, including those of redirects and refusals. Each entry is the
     * requested URL, a space, and the value of a {@code Set-Cookie} header. The library keeps no cookies: to send one, set a
     * {@code Cookie} header.
     */
    public @NotNull List<String> getResponseCookies() {
        return LastValues.lines(text(LastValues.COOKIES));
    }

    /**
     * Returns the address of the server, or of the proxy if there is one, such as {@code 192.0.2.1:443}. Empty until
     * {@code onConnect}.
     */
    public @NotNull String getRemoteAddress() {
        return text(LastValues.REMOTE_ADDRESS);
    }

    /** Returns the local address of the connection. Empty until {@code onConnect}. */
    public @NotNull String getLocalAddress() {
        return text(LastValues.LOCAL_ADDRESS);
    }

    /**
     * Returns the addresses that were tried, or those of the proxy if there is one, in the order of the attempts. Each entry is the
     * address, a space and the result, such as {@code 192.0.2.1:443 Connection refused}. Also available in {@code onRetry} and
     * {@code onClose}.
     */
    public @NotNull List<String> getTriedAddresses() {
        return LastValues.lines(text(LastValues.TRIED_ADDRESSES));
    }

    /**
     * Returns the URL of the proxy, without a user name and password; empty if there is none. Also available in {@code onRetry} and
     * {@code onClose}.
     */
    public @NotNull String getProxy() {
        return text(LastValues.PROXY);
    }

    /**
     * Returns the cipher suite of TLS, such as {@code TLS_AES_256_GCM_SHA384}; empty without TLS, and on Apple's systems. Also
     * available in {@code onRetry} and {@code onClose}.
     */
    public @NotNull String getTlsCipher() {
        return text(LastValues.TLS_CIPHER);
    }

    /**
     * Returns the protocol that the server selected by ALPN (RFC 7301); empty if it selected none. Available at the times of
     * {@link #getTlsCipher}.
     */
    public @NotNull String getTlsAlpn() {
        return text(LastValues.TLS_ALPN);
    }

    /**
     * Returns the certificates that the server sent in the TLS handshake, in DER, its own one first. Available from
     * {@code onConnect} on, and in {@code onRetry} and {@code onClose} even if they were not trusted. A resumed session has those of
     * its first handshake. On Apple's systems there is only the first one, and only after a successful handshake. Empty if
     * there are none.
     */
    public @NotNull List<byte[]> getPeerCertificates() {
        List<byte[]> found = last != null ? null : LastValues.certificates(live());
        if (found != null && !found.isEmpty()) return found;
        List<byte[]> copies = new ArrayList<>();
        for (byte[] certificate : lastValues().certificates) copies.add(certificate.clone());
        return copies;
    }

    /** Returns {@link #getPeerCertificates} as objects. Throws if Java cannot read one of them. */
    public @NotNull List<X509Certificate> parsePeerCertificates() throws CertificateException {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<X509Certificate> parsed = new ArrayList<>();
        for (byte[] der : getPeerCertificates())
            parsed.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
        return parsed;
    }

    /** Returns the current statistics. */
    public @NotNull WebSocketStats getStats() {
        WebSocketStats stats = last != null ? null : WebSocketStats.of(live());
        return stats == null ? lastValues().stats : stats;
    }

    /** Returns how and why the socket ended, from {@code onClose} on. Null before, and if it ended without {@code onClose}. */
    public @Nullable CloseInfo getCloseInfo() {
        return closeInfo;
    }

    /** Returns the loop that created this socket. */
    public @NotNull WebSocketLoop getLoop() {
        return loop;
    }

    /** Returns the number of this socket in the log, which is never used again. */
    public long getId() {
        return handle;
    }

    /** Ends the delivery of events. A second call does nothing. */
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

    /** Returns the handle; after {@link WebSocketLoop#close} it returns 0, which the library refuses. */
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

    /**
     * Returns the characters of a long text, because JNI of desktop VMs copies them one by one from a String; null for a short
     * text.
     */
    private static char[] unitsOfLong(String text) {
        if (text.length() <= 256) return null;
        char[] units = new char[Math.min(text.length(), MAX_MESSAGE_BYTES + 1)];
        text.getChars(0, units.length, units, 0);
        return units;
    }

    /** Converts the result of a send. A refused handle means that the socket has ended. */
    private static ErrorCode sent(int result) {
        ErrorCode error = ErrorCode.of(result);
        return error == ErrorCode.BAD_HANDLE ? ErrorCode.NOT_OPEN : error;
    }

    private static void checkUnlessEnded(int result) {
        if (result != ErrorCode.BAD_HANDLE.number) check(result);
    }
}
