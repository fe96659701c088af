package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/** How and why a connection ended. */
public final class CloseInfo {
    // generated: phases, by "make header"; do not edit
    /** Phase: {@link WebSocketListener#onRequest} had not let the attempt begin. */
    public static final int PHASE_REQUEST = 1;
    /** Phase: the server's name was being looked up. */
    public static final int PHASE_RESOLVE = 2;
    /** Phase: TCP was connecting. */
    public static final int PHASE_CONNECT = 3;
    /** Phase: the proxy was being asked for a connection to the server. */
    public static final int PHASE_PROXY = 4;
    /** Phase: TLS was being set up: its handshake, and the check of the server's certificate. */
    public static final int PHASE_TLS = 5;
    /** Phase: the HTTP upgrade was under way (RFC 6455 section 4). */
    public static final int PHASE_HANDSHAKE = 6;
    /** Phase: the connection was open. */
    public static final int PHASE_OPEN = 7;
    /** Phase: the connection was closing, and accepted messages were being written before the Close frame. */
    public static final int PHASE_FLUSH = 8;
    /**
     * Phase: the closing handshake was under way (RFC 6455 section 7): the Close frame of this side was passed
     * to the operating system.
     */
    public static final int PHASE_CLOSING = 9;
    // generated: end

    // generated: initiators, by "make header"; do not edit
    /**
     * Initiator: this side ended it: a close, or a refusal of something the peer sent (see {@link #error}). A
     * close of this side that came before the peer's Close frame stays the reason if the closing handshake then
     * failed, by a reset or a time-out, as {@link #error} says.
     */
    public static final int INITIATOR_LOCAL = 1;
    /**
     * Initiator: the peer ended it: its Close frame came first, or its HTTP answer was a refusal. Also if the
     * closing handshake failed after the peer's Close frame; {@link #error} then says how (a reset, a
     * time-out).
     */
    public static final int INITIATOR_PEER = 2;
    /**
     * Initiator: the network did, before a Close frame of the peer was received: no name, no route, a reset, an
     * end of the stream, a deadline that passed.
     */
    public static final int INITIATOR_TRANSPORT = 3;
    // generated: end

    /** {@link ErrorCode#OK} after a clean close, else another {@link ErrorCode}. */
    public final int error;
    /** In which phase it ended: one of {@code PHASE_*}. */
    public final int phase;
    /** The side that ended it: one of {@code INITIATOR_*}. */
    public final int initiator;
    /** The HTTP status of the server's (or the proxy's) answer; 0 if there was none. */
    public final int httpStatus;
    /** The operating system's error number, or 0. */
    public final int osError;
    /** The code of the peer's Close frame; 1005 if it had none; 1006 if there was no Close frame. */
    public final int code;
    /** The code of the Close frame that this side sent; 1005 if it had none; 0 if none was sent. */
    public final int sentCode;
    /** Messages that a send accepted and that were not completely passed to the operating system. */
    public final long unsentMessages;
    /** Payload bytes of the {@link #unsentMessages}. */
    public final long unsentBytes;
    /** The reason of the peer's Close frame, or an empty text. */
    public final @NotNull String reason;
    /** An English sentence about the end, for a log. */
    public final @NotNull String message;

    CloseInfo(int error, int phase, int initiator, int httpStatus, int osError, int code, int sentCode, long unsentMessages,
            long unsentBytes, String reason, String message) {
        this.error = error;
        this.phase = phase;
        this.initiator = initiator;
        this.httpStatus = httpStatus;
        this.osError = osError;
        this.code = code;
        this.sentCode = sentCode;
        this.unsentMessages = unsentMessages;
        this.unsentBytes = unsentBytes;
        this.reason = reason;
        this.message = message;
    }

    /** True if both Close frames were exchanged and neither side failed the connection. */
    public boolean wasClean() {
        return error == ErrorCode.OK;
    }

    @Override
    public @NotNull String toString() {
        return ErrorCode.name(error) + ", code " + code + (reason.isEmpty() ? "" : " (" + reason + ")") + ": " + message;
    }
}
