package org.egret.websocket;

/** The errors of {@code egret_ws.h}: why a call was refused, or how a connection ended. */
public enum ErrorCode {
    // generated: errors, by "make header"; do not edit
    /** No error. */
    OK(0),
    /** An argument is not allowed: null for a required pointer, an unknown flag, a value out of its range. */
    INVALID_ARGUMENT(-1),
    /** The handle is not one of a live loop, socket or query: freed, answered, forged, or of another kind. */
    BAD_HANDLE(-2),
    /**
     * This library does not know the {@code struct_size}, or bytes after the fields that it knows are not zero:
     * the caller was compiled with a newer header and uses a field that this library does not have.
     */
    BAD_STRUCT(-3),
    /**
     * A poll or a free of a loop inside one of its callbacks, or, of any loop, inside
     * {@link LoopOptions.Log#onLog} or a wake-up callback.
     */
    REENTRANT(-4),
    /** Another thread is polling this loop. */
    BUSY(-5),
    /**
     * The process was forked after a loop had been made: in the child no call works. If a callback forks, the
     * poll or the {@link WebSocketLoop#close} that called it returns this in the child, and does nothing more
     * there.
     */
    FORKED(-6),
    /**
     * No descriptor, thread, memory or handle is left, or {@link WebSocket#MAX_PENDING_SOCKETS} sockets wait
     * for the loop. {@link CloseInfo#getOsError} or {@link CloseInfo#getMessage} of the close report,
     * {@link WebSocketException#getMessage} or the log line says which. From a send: nothing was sent and the
     * socket stays open.
     */
    NO_RESOURCES(-7),
    /**
     * A fault in this library, caught before it could harm the application. Please report it with the line that
     * {@link LoopOptions.Log#onLog} gets at the level {@link LoopOptions.LogLevel#ERROR}, or with
     * {@link WebSocketException#getMessage}: both have the message and the source line.
     */
    INTERNAL(-8),
    /** Something this library cannot do on this system, or was built without. */
    UNSUPPORTED(-9),
    /**
     * The socket is not open: {@link WebSocketListener#onConnect} was not called yet, or it is closing or
     * closed.
     */
    NOT_OPEN(-10),
    /**
     * The message is larger than {@link WebSocketOptions.Builder#maxMessageBytes}. From a send: nothing was
     * sent and the socket stays open. In a close report: the server sent it, and the library closed with 1009;
     * or the server sent more than 2 MiB of frames for one message (many empty fragments, or compressed blocks
     * without content).
     */
    MESSAGE_TOO_BIG(-11),
    /**
     * Text that is not UTF-8. From a call: nothing was sent. In a close report: the server sent it, and the
     * library closed with 1007.
     */
    INVALID_UTF8(-12),
    /**
     * The send buffer has no room for this message now. Nothing was sent, and the socket stays open: try again
     * in {@link WebSocketListener#onDrain}.
     */
    BACKPRESSURE(-13),
    /** The URL or the host cannot be used; {@link WebSocketException#getMessage} and the log line say why. */
    INVALID_URL(-14),
    /** The close code may not be sent (RFC 6455 section 7.4), or the reason is longer than 123 bytes. */
    INVALID_CLOSE(-15),
    /**
     * The server's answer has no header of this name, or there was no answer yet; or there is no close report,
     * because {@link WebSocketListener#onClose} has not begun.
     */
    NOT_FOUND(-16),
    /** Close report: the host's name was not found. */
    RESOLVE(-30),
    /**
     * Close report: no TCP connection to any address of the host; {@link CloseInfo#getOsError} says why the
     * last one failed.
     */
    CONNECT(-31),
    /**
     * Close report: the proxy refused, could not reach the host, or did not speak its protocol. An HTTP proxy's
     * status is in {@link CloseInfo#getHttpStatus}: 407 (from some, 401) if it wants another user name and
     * password than the URL of {@link WebSocketOptions.Builder#proxy} has. Its answer has the same limits as a
     * server's (see {@link #HANDSHAKE}).
     */
    PROXY(-32),
    /**
     * Close report: the answer to the upgrade was not valid for a WebSocket server (RFC 6455 section 4.1), or
     * its head was longer than 64 KiB (interim answers counted) or had more than 256 lines.
     */
    HANDSHAKE(-40),
    /**
     * Close report: the server answered the upgrade with another HTTP status; see
     * {@link CloseInfo#getHttpStatus}. Also if the header lines after the status line are malformed, too many,
     * or cut off.
     */
    HTTP_STATUS(-41),
    /**
     * Close report: the server redirected the connection, and the redirect was not followed: more than
     * {@link WebSocketOptions.Builder#maxRedirects}, from {@code wss} to {@code ws}, to another origin although
     * the socket has subprotocols, to a nearer address (see
     * {@link WebSocketOptions.Builder#allowPrivateRedirects}), or to a text that is not a URL.
     * {@link CloseInfo#getHttpStatus} is that of the redirect. With redirects off it is {@link #HTTP_STATUS}.
     */
    REDIRECT(-42),
    /**
     * Close report: a time-out passed; {@link CloseInfo#getPhase} says in which stage. In
     * {@link CloseInfo.Phase#OPEN} it is that of the heartbeat: the server has not answered a ping. In
     * {@link CloseInfo.Phase#FLUSH} it is {@link WebSocketOptions.Builder#flushTimeoutMillis}, in
     * {@link CloseInfo.Phase#CLOSING} it is {@link WebSocketOptions.Builder#closeTimeoutMillis}. In
     * {@link CloseInfo.Phase#REQUEST} the application has taken too long: {@link RequestHook#onRequest} has not
     * let the attempt begin.
     */
    TIMEOUT(-50),
    /** Close report: the connection broke without a closing handshake. */
    CONNECTION_LOST(-51),
    /**
     * Close report: the server broke the protocol, and the library closed with 1002 (or with the code of an
     * {@link WebSocket#close} before).
     */
    PROTOCOL(-52),
    /**
     * Close report: closed by this side before the connection was made, aborted by this side, stopped by
     * {@link RequestHook#onRequest} before the first attempt, or abandoned by a suspend
     * ({@link LoopOptions.Builder#closeOnSuspend}); {@link CloseInfo#getPhase} says when.
     */
    ABORTED(-53),
    /**
     * Close report: TLS failed, for another reason than the next errors; {@link CloseInfo#getMessage} says why.
     * In {@link CloseInfo.Phase#TLS} the TLS handshake failed. In a later phase the server sent 256 TLS records
     * in a row without data (key updates, session tickets).
     */
    TLS(-60),
    /**
     * Close report: the server's certificate has expired, or is not valid yet. A wrong clock of this machine
     * looks the same.
     */
    TLS_EXPIRED(-61),
    /** Close report: the server's certificate is for another host. */
    TLS_HOST(-62),
    /**
     * Close report: the server's certificate is not trusted. Its issuer is unknown, it is self-signed, or the
     * certificate of an issuer is missing from what the server sent. Or it may not be used for this purpose: it
     * is not a certificate for servers, an issuer may not issue it (name constraints, path length), or a key or
     * a signature is too weak. {@link CloseInfo#getMessage} says which.
     */
    TLS_ISSUER(-63),
    /**
     * Close report: the server's public key is none of {@link WebSocketOptions.Builder#tlsPins}. The request
     * was not sent. The certificate of {@link WebSocketOptions.Builder#tlsIdentity} was not sent either, except
     * on Apple's systems and Windows.
     */
    TLS_PIN(-64),
    /**
     * Close report: {@link WebSocketOptions.Builder#tlsRoots}, {@link WebSocketOptions.Builder#tlsIdentity} or
     * its password cannot be used; {@link CloseInfo#getMessage} says which and why.
     */
    TLS_OPTIONS(-65),
    // generated: end
    /** An error that this version of the binding does not know. */
    UNKNOWN(Integer.MIN_VALUE);

    private static final ErrorCode[] BY_NUMBER = new ErrorCode[256];

    static {
        for (ErrorCode error : values())
            if (error != UNKNOWN) BY_NUMBER[-error.number] = error;
    }

    final int number;

    ErrorCode(int number) {
        this.number = number;
    }

    /** The number in {@code egret_ws.h}: 0 or less. */
    public int getNumber() {
        return number;
    }

    static ErrorCode of(int number) {
        ErrorCode error = number > 0 || number <= -BY_NUMBER.length ? null : BY_NUMBER[-number];
        return error == null ? UNKNOWN : error;
    }
}
