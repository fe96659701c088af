package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/** How and why a connection ended. */
public final class CloseInfo {
    /** A phase of a connection, in their order. */
    public enum Phase {
        // generated: phases, by "make header"; do not edit
        /** Phase: the attempt had not begun, because {@link RequestHook#onRequest} had not allowed it. */
        REQUEST(1),
        /** Phase: the server's name was being looked up. */
        RESOLVE(2),
        /** Phase: TCP was connecting. */
        CONNECT(3),
        /** Phase: the library was asking the proxy for a connection to the server. */
        PROXY(4),
        /**
         * Phase: TLS was being set up. This phase contains the TLS handshake and the check of the server's
         * certificate.
         */
        TLS(5),
        /** Phase: the HTTP upgrade was in progress (RFC 6455 section 4). */
        HANDSHAKE(6),
        /** Phase: the connection was open. */
        OPEN(7),
        /** Phase: the connection was closing, and accepted messages were being written before the Close frame. */
        FLUSH(8),
        /**
         * Phase: the closing handshake was in progress (RFC 6455 section 7). The Close frame of this side was
         * passed to the operating system.
         */
        CLOSING(9),
        // generated: end
        /** A phase that this version of the binding does not know. */
        UNKNOWN(0);

        final int number;

        Phase(int number) {
            this.number = number;
        }

        static Phase of(int number) {
            for (Phase phase : values())
                if (phase.number == number) return phase;
            return UNKNOWN;
        }
    }

    /** The side that ended a connection. */
    public enum Initiator {
        // generated: initiators, by "make header"; do not edit
        /**
         * Initiator: this side ended the connection. It closed the socket, or it refused something that the server
         * sent (see {@link CloseInfo#getError}). This value is also used if this side closed before the server's
         * Close frame came, and the closing handshake then failed. In that case {@link CloseInfo#getError} names
         * the failure, such as a reset or a time-out.
         */
        LOCAL(1),
        /**
         * Initiator: the server or a proxy ended the connection. Its Close frame came first, or its HTTP answer was
         * a refusal. This value is also used if the closing handshake failed after the server's Close frame. In
         * that case {@link CloseInfo#getError} names the failure, such as a reset or a time-out.
         */
        PEER(2),
        /**
         * Initiator: the network ended the connection before a Close frame of the server was received. A name was
         * not found, there was no route, the connection was reset, the stream ended, or a deadline passed.
         */
        TRANSPORT(3),
        // generated: end
        /** An initiator that this version of the binding does not know. */
        UNKNOWN(0);

        final int number;

        Initiator(int number) {
            this.number = number;
        }

        static Initiator of(int number) {
            for (Initiator initiator : values())
                if (initiator.number == number) return initiator;
            return UNKNOWN;
        }
    }

    /** The report of a socket if no report could be created. */
    static final CloseInfo NO_MEMORY = new CloseInfo(ErrorCode.NO_RESOURCES.number, 0, 0, 0, 0, 1006, 0, 0, 0, false, "",
            "there is no memory for the report of the end");

    private final ErrorCode error;
    private final Phase phase;
    private final Initiator initiator;
    private final int httpStatus;
    private final int osError;
    private final int code;
    private final int sentCode;
    private final long unsentMessages;
    private final long unsentBytes;
    private final boolean retryable;
    private final String reason;
    private final String message;

    /** {@code jni/callbacks.c} calls it. */
    CloseInfo(int error, int phase, int initiator, int httpStatus, int osError, int code, int sentCode, long unsentMessages,
            long unsentBytes, boolean retryable, String reason, String message) {
        this.error = ErrorCode.of(error);
        this.phase = Phase.of(phase);
        this.initiator = Initiator.of(initiator);
        this.httpStatus = httpStatus;
        this.osError = osError;
        this.code = code;
        this.sentCode = sentCode;
        this.unsentMessages = unsentMessages;
        this.unsentBytes = unsentBytes;
        this.retryable = retryable;
        this.reason = reason;
        this.message = message;
    }

    /** A copy of a report, with another message. */
    CloseInfo(CloseInfo info, String message) {
        this(info.error.number, info.phase.number, info.initiator.number, info.httpStatus, info.osError, info.code, info.sentCode,
                info.unsentMessages, info.unsentBytes, info.retryable, info.reason, message);
    }

    /** Returns {@link ErrorCode#OK} after a clean close, otherwise the reason of the end. */
    public @NotNull ErrorCode getError() {
        return error;
    }

    /**
     * Returns true if both Close frames were exchanged and neither side failed the connection, like {@code wasClean} in
     * browsers.
     */
    public boolean isClean() {
        return error == ErrorCode.OK;
    }

    /**
     * Returns whether another attempt may succeed. This is the rule of {@link WebSocketOptions.Builder#retryAttempts}, for
     * programs that themselves connect again. False, because another attempt would fail again or is not wanted:
     *
     * <table>
     * <caption>Ends without another attempt</caption>
     * <tr><th>Getter</th><th>Values</th></tr>
     * <tr><td>{@link #getError}</td><td>{@link ErrorCode#TLS_HOST}, {@link ErrorCode#TLS_ISSUER}, {@link ErrorCode#TLS_PIN},
     * {@link ErrorCode#TLS_OPTIONS}, {@link ErrorCode#PROTOCOL}, {@link ErrorCode#INVALID_UTF8},
     * {@link ErrorCode#MESSAGE_TOO_BIG}, {@link ErrorCode#ABORTED}, {@link ErrorCode#INTERNAL}</td></tr>
     * <tr><td>{@link #getHttpStatus}</td><td>401, 403, 404, 407, 410: they need another request, for example of a
     * {@link RequestHook}</td></tr>
     * <tr><td>{@link #getCode}, {@link #getSentCode}</td><td>1002, 1007, 1008, 1009</td></tr>
     * <tr><td>{@link #getInitiator}</td><td>{@link Initiator#LOCAL}, with {@link ErrorCode#OK}: this side closed</td></tr>
     * <tr><td>{@link #getPhase}</td><td>{@link Phase#FLUSH} and {@link Phase#CLOSING}, if this side closed first</td></tr>
     * </table>
     *
     * <p>True after all other ends, also after most closes of the server. With {@code retryAttempts}, a connection that a suspend
     * has closed ({@link LoopOptions.Builder#closeOnSuspend}) is made again after the resume, although this is false.
     */
    public boolean isRetryable() {
        return retryable;
    }

    /** Returns the phase in which it ended. */
    public @NotNull Phase getPhase() {
        return phase;
    }

    /** Returns the side that ended it. */
    public @NotNull Initiator getInitiator() {
        return initiator;
    }

    /** Returns the HTTP status in the answer of the server or the proxy; 0 if there was no answer. */
    public int getHttpStatus() {
        return httpStatus;
    }

    /** Returns the operating system's error number, or 0. */
    public int getOsError() {
        return osError;
    }

    /** Returns the code of the peer's Close frame; 1005 if it had no code; 1006 if there was no Close frame. */
    public int getCode() {
        return code;
    }

    /** Returns the code of the Close frame that this side sent; 1005 if it had no code; 0 if none was sent. */
    public int getSentCode() {
        return sentCode;
    }

    /** Returns the number of messages that a send accepted and that were not completely passed to the operating system. */
    public long getUnsentMessages() {
        return unsentMessages;
    }

    /** Returns the number of payload bytes of {@link #getUnsentMessages}. */
    public long getUnsentBytes() {
        return unsentBytes;
    }

    /** Returns the reason in the peer's Close frame, or an empty text. */
    public @NotNull String getReason() {
        return reason;
    }

    /** Returns an English sentence about the end, for a log. */
    public @NotNull String getMessage() {
        return message;
    }

    @Override
    public @NotNull String toString() {
        return error + ", code " + code + (reason.isEmpty() ? "" : " (" + reason + ")") + ": " + message;
    }
}
