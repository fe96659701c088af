package org.egret.websocket;

import java.nio.ByteBuffer;
import org.jetbrains.annotations.NotNull;

/**
 * The events of a socket. Override the methods that you need. All of them run inside {@link WebSocketLoop#poll()}, on its caller's
 * thread.
 *
 * <p>Each socket gets one {@code onConnect} for each connection, any number of messages, and exactly one {@code onClose}. After
 * {@link WebSocket#free} or {@link WebSocketLoop#close} it gets no further event, and no {@code onClose}. A method may call every
 * function of the loop and its sockets except a poll. Its exceptions go to {@link LoopOptions.Builder#exceptionHandler}, and the
 * other events are still delivered.
 */
public abstract class WebSocketListener {
    /** The connection is open: messages can be sent. */
    public void onConnect(@NotNull WebSocket socket) {}

    /** A text message. */
    public void onMessage(@NotNull WebSocket socket, @NotNull String text) {}

    /** A binary message. The array is not used again. */
    public void onMessage(@NotNull WebSocket socket, @NotNull byte[] data) {}

    /**
     * A binary message of a socket with {@link WebSocketOptions.Builder#directMessages}, from the buffer's position to its limit.
     * The buffer belongs to the loop, and the next message overwrites it: copy the bytes that you keep.
     */
    public void onMessage(@NotNull WebSocket socket, @NotNull ByteBuffer data) {}

    /**
     * The answer to a {@link WebSocket#ping(byte[])}, with its payload, or a pong without a ping. It is not called for the
     * pings of the heartbeat.
     */
    public void onPong(@NotNull WebSocket socket, @NotNull byte[] data) {}

    /**
     * A frame was sent or received, for sockets with {@link WebSocketOptions.Builder#traceFrames}. A received frame is reported
     * before the message that it completes, a sent frame when the operating system has accepted its last byte. Frames that wait
     * for the poll count 32 bytes each in {@link WebSocketOptions.Builder#maxReceiveQueueBytes}.
     */
    public void onFrame(@NotNull WebSocket socket, @NotNull Frame frame) {}

    /** The socket has ended. No other method is called for it. Its getters return the last values. */
    public void onClose(@NotNull WebSocket socket, @NotNull CloseInfo info) {}

    /** The send queue has room again after a send was refused with {@link ErrorCode#BACKPRESSURE}. */
    public void onDrain(@NotNull WebSocket socket) {}

    /**
     * A connection was lost or could not be made, and will be tried again (see {@link WebSocketOptions.Builder#retryAttempts}).
     * {@link WebSocket#close(int, String)} ends the attempts; {@link WebSocket#retryNow} starts the next one immediately.
     *
     * @param attempt the number of the next attempt, from 1
     * @param delayMillis the length of the wait; {@link Long#MAX_VALUE} during a suspend: the wait lasts until
     *     {@link WebSocketLoop#resume}
     */
    public void onRetry(@NotNull WebSocket socket, @NotNull CloseInfo info, int attempt, long delayMillis) {}
}
