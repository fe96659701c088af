package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/** A call was refused and had no effect. The message says why, as the log of {@link LoopOptions.Builder#log} does. */
public final class WebSocketException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final ErrorCode error;

    /** C calls this too. */
    WebSocketException(int error) {
        this(ErrorCode.of(error), Native.lastErrorMessage());
    }

    WebSocketException(ErrorCode error, String reason) {
        super(reason.isEmpty() ? error.name() : error.name() + ": " + reason);
        this.error = error;
    }

    /** Why the call was refused. */
    public @NotNull ErrorCode getError() {
        return error;
    }

    /** Throws if a call of the library returned an error. */
    static int check(int result) {
        if (result < 0) throw new WebSocketException(result);
        return result;
    }
}
