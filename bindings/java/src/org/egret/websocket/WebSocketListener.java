package org.egret.websocket;

import java.nio.ByteBuffer;
import org.jetbrains.annotations.NotNull;

/**
 * What a socket tells: override what you need. All of it runs inside {@link WebSocketLoop#poll()}, on its caller's thread.
 *
 * <p>For each socket: one {@code onConnect} for each connection made, any number of messages, exactly one {@code onClose}. Every
 * call of a loop and its sockets is allowed in here but polling and closing that loop. What a method throws goes to
 * {@link LoopOptions.Builder#exceptionHandler} and stops nothing.
 */
public abstract class WebSocketListener {
    /** The connection is open: messages can be sent. */
    public void onConnect(@NotNull WebSocket socket) {}

    /** A text message. */
    public void onMessage(@NotNull WebSocket socket, @NotNull String text) {}

    /** A binary message; the array is yours. */
    public void onMessage(@NotNull WebSocket socket, @NotNull byte[] data) {}

    /**
     * A binary message of a socket with {@link WebSocketOptions.Builder#directMessages}, from the buffer's position to its limit.
     * The buffer is the loop's, and the next message overwrites it: copy what is to last.
     */
    public void onMessage(@NotNull WebSocket socket, @NotNull ByteBuffer data) {}

    /** The socket has ended: no further method is called for it. Its getters keep the last values. */
    public void onClose(@NotNull WebSocket socket, @NotNull CloseInfo info) {}

    /** After sends were refused with {@link ErrorCode#BACKPRESSURE}: there is room again. */
    public void onDrain(@NotNull WebSocket socket) {}

    /**
     * A connection was lost or could not be made, and will be tried again (see {@link WebSocketOptions.Builder#retryAttempts}).
     * {@link WebSocket#close(int, String)} gives up, {@link WebSocket#retryNow} does not wait.
     *
     * @param attempt counts from 1
     * @param delayMillis how long the wait is; {@link Long#MAX_VALUE} during a suspend: it lasts until {@link WebSocketLoop#resume}
     */
    public void onRetry(@NotNull WebSocket socket, @NotNull CloseInfo info, int attempt, long delayMillis) {}
}
