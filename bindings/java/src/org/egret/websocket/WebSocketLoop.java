package org.egret.websocket;

import static org.egret.websocket.WebSocketException.check;

import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * The input and output of any number of sockets, and the queue of their events. Poll it once a frame, or after each wake-up;
 * listeners run in the poll, on its thread. One thread at a time polls or closes; any thread may call the other functions.
 *
 * <p>Close a loop that is not needed any more: the garbage collector does not do that.
 */
public final class WebSocketLoop implements AutoCloseable {
    private static final LoopOptions DEFAULT = new LoopOptions.Builder().build();
    private static final WebSocketOptions SOCKET_DEFAULT = new WebSocketOptions.Builder().build();

    /** Open loops by the number that C has as {@code user}. A late call from a library thread finds no loop and does nothing. */
    private static final ConcurrentHashMap<Long, WebSocketLoop> LOOPS = new ConcurrentHashMap<>();
    private static final AtomicLong LAST_ID = new AtomicLong();

    final LoopOptions options;
    private final long id = LAST_ID.incrementAndGet();
    private final long handle;
    private volatile Runnable wakeup;
    private ByteBuffer received;

    /** A loop with an I/O thread. */
    public WebSocketLoop() {
        this(DEFAULT);
    }

    /** A loop with options. */
    public WebSocketLoop(@NotNull LoopOptions options) {
        this.options = options;
        LOOPS.put(id, this);
        long[] out = new long[1];
        int result = Native.loopNew(id, options.flags, options.log != null, options.numbers, out);
        if (result < 0) LOOPS.remove(id);
        check(result);
        handle = out[0];
    }

    /** Begins to connect to a URL such as {@code wss://example.com/chat}. */
    public @NotNull WebSocket connect(@NotNull String url, @NotNull WebSocketListener listener) {
        return connect(url, SOCKET_DEFAULT, listener);
    }

    /** Begins to connect to a URL. Never blocks: the outcome comes as {@code onConnect} or {@code onClose} from a poll. */
    public @NotNull WebSocket connect(@NotNull String url, @NotNull WebSocketOptions options,
            @NotNull WebSocketListener listener) {
        return begin(url, -1, options, listener);
    }

    /** Begins to connect to {@code ws://host:port/}. */
    public @NotNull WebSocket connect(@NotNull String host, int port, @NotNull WebSocketListener listener) {
        return connect(host, port, SOCKET_DEFAULT, listener);
    }

    /** Begins to connect to {@code ws://host:port/}, with options. */
    public @NotNull WebSocket connect(@NotNull String host, int port, @NotNull WebSocketOptions options,
            @NotNull WebSocketListener listener) {
        if (port < 1 || port > 65535) throw new WebSocketException(ErrorCode.INVALID_ARGUMENT);
        return begin(host, port, options, listener);
    }

    /** The target is a URL if the port is -1. */
    private WebSocket begin(String target, int port, WebSocketOptions options, WebSocketListener listener) {
        if (listener == null) throw new NullPointerException("listener");
        WebSocket socket = new WebSocket(this, listener);
        long[] out = new long[1];
        check(Native.connect(handle, WebSocketOptions.withoutNul(target), port, socket, options.flags, options.numbers,
                options.texts, options.headers, options.tlsRoots, options.tlsIdentity,
                options.directMessages ? received() : null, out));
        socket.handle = out[0];
        return socket;
    }

    /** Runs the callbacks that are due. Call it once a frame. */
    public int poll() {
        return poll(0);
    }

    /**
     * Runs the callbacks that are due and returns their number.
     *
     * @param timeoutMillis 0: does not block; positive: waits at most so long for an event; negative: waits without limit
     */
    public int poll(int timeoutMillis) {
        return check(Native.loopPoll(handle, timeoutMillis));
    }

    /** Ends the wait of the current poll. If none waits, the next poll does not wait. */
    public void wake() {
        check(Native.loopWake(handle));
    }

    /**
     * Sets the function that is called, <b>on another thread</b>, when a poll has something to do; null for none. It must not poll:
     * it notifies the polling thread and returns soon. Not for an inline loop ({@link ErrorCode#UNSUPPORTED}).
     */
    public void setWakeup(@Nullable Runnable wakeup) {
        this.wakeup = wakeup;
        check(Native.loopSetWakeup(handle, id, wakeup != null));
    }

    /** A file descriptor that is readable while a poll has something to do. Only wait on it: the loop reads and closes it. */
    public int descriptor() {
        return check(Native.loopDescriptor(handle));
    }

    /** The milliseconds until a poll is needed, also if the descriptor is not readable; {@link Integer#MAX_VALUE}: no limit. */
    public int timeout() {
        return check(Native.loopTimeout(handle));
    }

    /** Call it when the app goes to the background, before the system may freeze the process. */
    public void suspend() {
        check(Native.loopSuspend(handle));
    }

    /** Call it when the app is in the foreground again: connections are probed, so that lost ones are detected soon. */
    public void resume() {
        check(Native.loopResume(handle));
    }

    /** Call it when the machine uses another network: from Wi-Fi to mobile, a VPN. */
    public void networkChanged() {
        check(Native.loopNetworkChanged(handle));
    }

    /**
     * Ends the loop and its sockets without another call of a listener. A second call does nothing.
     *
     * @throws WebSocketException if called from a listener, or while another thread polls: then nothing was closed
     */
    @Override
    public void close() {
        int result = Native.loopFree(handle);
        if (result == ErrorCode.BAD_HANDLE) return;
        check(result);
        LOOPS.remove(id);
    }

    /** The URL as a browser's {@code WebSocket} would normalize it. */
    public static @NotNull String normalizeUrl(@NotNull String url) {
        return Native.normalizeUrl(WebSocketOptions.withoutNul(url));
    }

    /** The version of the library, such as {@code 0.1.0}. */
    public static @NotNull String libraryVersion() {
        return Native.versionString();
    }

    /** The version as a number: major × 65536 + minor × 256 + patch. */
    public static int libraryVersionNumber() {
        return Native.versionNumber();
    }

    /** The buffer for binary messages without arrays. One is enough, because one listener runs at a time. */
    private synchronized ByteBuffer received() {
        if (received == null) received = ByteBuffer.allocateDirect(WebSocket.MAX_MESSAGE_BYTES);
        return received;
    }

    static @Nullable WebSocketLoop withId(long id) {
        return LOOPS.get(id);
    }

    void wakeUp() {
        Runnable wakeup = this.wakeup;
        if (wakeup != null) wakeup.run();
    }
}
