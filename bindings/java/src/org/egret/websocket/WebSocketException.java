package org.egret.websocket;

/** A call was refused and had no effect. Set {@link LoopOptions.Builder#log} to read the reason in words. */
public final class WebSocketException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** One of {@link ErrorCode}. */
    public final int error;

    WebSocketException(int error) {
        super(ErrorCode.name(error));
        this.error = error;
    }

    /** Throws if a call of the library returned an error. */
    static int check(int result) {
        if (result < 0) throw new WebSocketException(result);
        return result;
    }
}
