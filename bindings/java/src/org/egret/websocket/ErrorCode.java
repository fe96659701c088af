package org.egret.websocket;

/** The errors of {@code egret_ws.h}: the reason why a call was refused, or how a connection ended. */
public enum ErrorCode {
    // generated: errors, by "make header"; do not edit
    /** No error. */
    OK(0),
    /** An argument is not allowed: a required pointer is null, a flag is unknown, or a value is out of range. */
    INVALID_ARGUMENT(-1),
    /**
     * The handle does not belong to a live loop, socket or query. It was freed, answered or forged, or it is of
     * another kind.
     */
    BAD_HANDLE(-2),
    /**
     * This library does not know the {@code struct_size}, or bytes after the fields that it knows are not zero.
     * In the second case the caller was compiled with a newer header and uses a field that this library does
     * not have.
     */
    BAD_STRUCT(-3),
    /**
     * A callback made a call that is not allowed inside it. A callback of a socket cannot poll or free its
     * loop. {@link LoopOptions.Log#onLog}, a wake-up callback and a hook cannot poll or free any loop. A TLS
     * provider cannot call functions that take a handle, except the function that reports the end of its work.
     */
    REENTRANT(-4),
    /** Another thread is polling this loop. */
    BUSY(-5),
    /**
     * The process was forked after a loop had been made. No call works in the child process. If a callback
     * forks, the poll or the {@link WebSocketLoop#close} that called the callback returns this error in the
     * child and does nothing more there.
     */
    FORKED(-6),
    /**
     * No descriptor, thread, memory or handle is left, or {@link WebSocket#MAX_PENDING_SOCKETS} sockets wait
     * for the loop. For a call, {@link WebSocketException#getMessage} and the log line name the resource. For a
     * close report, {@link CloseInfo#getOsError} or {@link CloseInfo#getMessage} names it. If a send returns
     * this error, nothing was sent and the socket stays open.
     */
    NO_RESOURCES(-7),
    /**
     * The library has a fault. It was caught before it could harm the application. Please report it with the
     * line that {@link LoopOptions.Log#onLog} gets at the level {@link LoopOptions.LogLevel#ERROR}, or with
     * {@link WebSocketException#getMessage}. Both contain the message and the source line.
     */
    INTERNAL(-8),
    /** The library cannot do this on this system, or was built without this feature. */
    UNSUPPORTED(-9),
    /**
     * The socket is not open. {@link WebSocketListener#onConnect} has not been called yet, or the socket is
     * closing or closed.
     */
    NOT_OPEN(-10),
    /**
     * The message is larger than {@link WebSocketOptions.Builder#maxMessageBytes}. If a send returns this
     * error, nothing was sent and the socket stays open. In a close report it means that the server sent such a
     * message and the library closed with 1009. A close report also has this error if the server sent more than
     * 2 MiB of frames for one message (many empty fragments, or compressed blocks without content).
     */
    MESSAGE_TOO_BIG(-11),
    /**
     * A text is not UTF-8. If a call returns this error, nothing was sent. In a close report it means that the
     * server sent the text and the library closed with 1007.
     */
    INVALID_UTF8(-12),
    /**
     * The send queue has no room for this message now. Nothing was sent, and the socket stays open. Try again
     * in {@link WebSocketListener#onDrain}.
     */
    BACKPRESSURE(-13),
    /** The URL or the host cannot be used. {@link WebSocketException#getMessage} and the log line say why. */
    INVALID_URL(-14),
    /** The close code must not be sent (RFC 6455 section 7.4), or the reason is longer than 123 bytes. */
    INVALID_CLOSE(-15),
    /**
     * The server's answer has no header of this name, or there was no answer yet. A call that reads a
     * certificate returns this error if the server has sent no certificate with this index. A call that reads
     * the close report returns it if {@link WebSocketListener#onClose} has not begun.
     */
    NOT_FOUND(-16),
    /** Close report: the host's name was not found. */
    RESOLVE(-30),
    /**
     * Close report: no address of the host accepted a TCP connection. {@link CloseInfo#getOsError} has the
     * reason of the last failure.
     */
    CONNECT(-31),
    /**
     * Close report: the proxy refused the connection, could not reach the host, or broke its protocol.
     * {@link CloseInfo#getHttpStatus} has the status of an HTTP proxy. It is 407 (some proxies send 401) if the
     * proxy wants another user name and password than those in the URL of
     * {@link WebSocketOptions.Builder#proxy}. The answer of a proxy has the same limits as that of a server
     * (see {@link #HANDSHAKE}).
     */
    PROXY(-32),
    /**
     * Close report: the answer to the upgrade was not valid for a WebSocket server (RFC 6455 section 4.1). The
     * answer is also not valid if its head is longer than 64 KiB (interim answers are counted) or has more than
     * 256 lines.
     */
    HANDSHAKE(-40),
    /**
     * Close report: the server answered the upgrade with another HTTP status, which is in
     * {@link CloseInfo#getHttpStatus}. This error is also reported if the header lines after the status line
     * are malformed, too many or cut off.
     */
    HTTP_STATUS(-41),
    /**
     * Close report: the server redirected the connection, and the library did not follow. There were more
     * redirects than {@link WebSocketOptions.Builder#maxRedirects}, or the redirect is not allowed. A redirect
     * is not allowed if it leads from {@code wss} to {@code ws}, to another origin although the socket has
     * subprotocols, or to a nearer address (see {@link WebSocketOptions.Builder#allowPrivateRedirects}). It is
     * also not allowed if its target is not a URL. {@link CloseInfo#getHttpStatus} is the status of the
     * redirect. If redirects are off, the error is {@link #HTTP_STATUS}.
     */
    REDIRECT(-42),
    /**
     * Close report: a time-out passed. {@link CloseInfo#getPhase} names the stage. In
     * {@link CloseInfo.Phase#OPEN} it is the time-out of the heartbeat: the server has not answered a ping. In
     * {@link CloseInfo.Phase#FLUSH} it is {@link WebSocketOptions.Builder#flushTimeoutMillis}, and in
     * {@link CloseInfo.Phase#CLOSING} it is {@link WebSocketOptions.Builder#closeTimeoutMillis}. In
     * {@link CloseInfo.Phase#REQUEST} the application took too long: {@link RequestHook#onRequest} has not
     * allowed the attempt to begin.
     */
    TIMEOUT(-50),
    /** Close report: the connection broke without a closing handshake. */
    CONNECTION_LOST(-51),
    /**
     * Close report: the server broke the protocol, and the library closed with 1002 (or with the code of an
     * earlier {@link WebSocket#close}).
     */
    PROTOCOL(-52),
    /**
     * Close report: the connection was aborted. This side closed the socket before the connection was made, or
     * aborted the connection. Other causes are that {@link RequestHook#onRequest} stopped before the first
     * attempt, or that a suspend abandoned the attempt ({@link LoopOptions.Builder#closeOnSuspend}).
     * {@link CloseInfo#getPhase} says when.
     */
    ABORTED(-53),
    /**
     * Close report: TLS failed, and none of the more specific TLS errors applies. {@link CloseInfo#getMessage}
     * has the reason. In {@link CloseInfo.Phase#TLS} the TLS handshake failed. In a later phase the server sent
     * 256 TLS records in a row without data (key updates, session tickets).
     */
    TLS(-60),
    /**
     * Close report: the server's certificate has expired or is not valid yet. A wrong clock of this machine
     * causes this error too.
     */
    TLS_EXPIRED(-61),
    /** Close report: the server's certificate is for another host. */
    TLS_HOST(-62),
    /**
     * Close report: the server's certificate is not trusted. Its issuer is unknown, it is self-signed, or the
     * server did not send the certificate of an issuer. It is also possible that the certificate must not be
     * used for this purpose: it is not a certificate for servers, an issuer was not allowed to issue it (name
     * constraints, path length), or a key or a signature is too weak. {@link CloseInfo#getMessage} names the
     * cause.
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
     * its password cannot be used. {@link CloseInfo#getMessage} says which one and why.
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

    /** Returns the number in {@code egret_ws.h}, 0 or less. */
    public int getNumber() {
        return number;
    }

    static ErrorCode of(int number) {
        ErrorCode error = number > 0 || number <= -BY_NUMBER.length ? null : BY_NUMBER[-number];
        return error == null ? UNKNOWN : error;
    }
}
