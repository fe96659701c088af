package org.egret.websocket;

import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * A call was refused and had no effect. The message gives the reason, as the log of {@link LoopOptions.Builder#log} does. Code
 * on top of this package, such as that for coroutines, also throws it when a connection has ended, with the report.
 */
public final class WebSocketException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The code that {@link #getError} returns. */
    private final ErrorCode error;
    private final transient CloseInfo closeInfo;

    /** C calls this too. */
    WebSocketException(int error) {
        this(ErrorCode.of(error), Native.lastErrorMessage());
    }

    WebSocketException(ErrorCode error, String reason) {
        this(error, reason, null);
    }

    /**
     * For code on top of this package: creates an exception with an error, its reason, and the report of a connection that has
     * ended.
     */
    public WebSocketException(@NotNull ErrorCode error, @NotNull String reason, @Nullable CloseInfo closeInfo) {
        super(reason.isEmpty() ? error.name() : error.name() + ": " + reason);
        this.error = error;
        this.closeInfo = closeInfo;
    }

    /** Returns the reason of the refusal as a code. */
    public @NotNull ErrorCode getError() {
        return error;
    }

    /**
     * Returns the report of the connection that has ended; null if a call was refused for another reason, or if there is no
     * report.
     */
    public @Nullable CloseInfo getCloseInfo() {
        return closeInfo;
    }

    /** Throws if a call of the library returned an error. */
    static int check(int result) {
        if (result < 0) throw new WebSocketException(result);
        return result;
    }
}
