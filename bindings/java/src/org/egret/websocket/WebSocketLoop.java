package org.egret.websocket;

import static org.egret.websocket.WebSocketException.check;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * The input and output of any number of sockets, and the queue of their events. Poll it once per frame, or after each wake-up.
 * Listeners run inside the poll, on its thread. Only one thread at a time may poll; any thread may call the other functions.
 *
 * <p>Close a loop that is no longer needed. If the program holds no reference to a loop, and the loop has no wake-up, it ends
 * when the garbage collector finds it, with a warning on {@link System#err}.
 */
public final class WebSocketLoop implements LoopLifecycle.Target, AutoCloseable {
    private static final LoopOptions DEFAULT = new LoopOptions.Builder().build();
    private static final WebSocketOptions SOCKET_DEFAULT = new WebSocketOptions.Builder().build();

    /** Keeps the loops with a wake-up alive, because the wake-up causes their polls. */
    private static final Set<WebSocketLoop> WITH_WAKEUP = newSet();

    final LoopOptions options;
    private final long handle;
    /** The number of C's weak reference to this object. */
    private final long reference;
    private final Leak leak;
    /**
     * Sockets that have not ended. C has only weak references, so that a loop without references in the program can be
     * collected.
     */
    private final Set<WebSocket> sockets = newSet();
    private volatile boolean closed;
    /** The number of calls of poll that are running; more than one is a misuse, which the library refuses. */
    private final AtomicInteger polls = new AtomicInteger();
    /** Whether a thread frees the loop, or has freed it. */
    private final AtomicBoolean freed = new AtomicBoolean();
    private volatile LoopCloseInfo closeInfo;
    private volatile Runnable wakeup;
    /** The only thread that may poll; null: any thread may poll. */
    volatile Thread driver;
    private ByteBuffer received;
    /** C writes a small message here, and Callbacks creates an object from it, which costs less than through JNI. */
    final ByteBuffer small = ByteBuffer.allocateDirect(SMALL_BYTES);
    /** The bytes of a small text. */
    final byte[] smallText = new byte[SMALL_BYTES];
    /** Equal to SMALL_BYTES in {@code jni/callbacks.c}. */
    private static final int SMALL_BYTES = 4096;

    /** Creates a loop with an I/O thread. */
    public WebSocketLoop() {
        this(DEFAULT);
    }

    /** Creates a loop with options. */
    public WebSocketLoop(@NotNull LoopOptions options) {
        this.options = options;
        long[] out = new long[2];
        PlatformTls platform = options.getTls();
        TlsProvider tls = platform == null ? null : new TlsProvider(platform, options.maxHookThreads());
        check(Native.loopNew(this, options.flags, options.log != null, options.numbers, options.resolveHook != null,
                options.proxyHook != null, options.socketHook != null, options.maxHookThreads(), tls, out));
        handle = out[0];
        reference = out[1];
        leak = Leak.watch(this, handle, reference);
    }

    /** Begins to connect to a URL such as {@code wss://example.com/chat}. */
    public @NotNull WebSocket connect(@NotNull String url, @NotNull WebSocketListener listener) {
        return connect(url, SOCKET_DEFAULT, listener);
    }

    /** Begins to connect to a URL. Never blocks: a poll reports the outcome with {@code onConnect} or {@code onClose}. */
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
        if (port < 1 || port > 65535) throw new IllegalArgumentException("port " + port + " is not 1 to 65535");
        return begin(host, port, options, listener);
    }

    /** The target is a URL if the port is -1. */
    private WebSocket begin(String target, int port, WebSocketOptions options, WebSocketListener listener) {
        if (options == null) throw new NullPointerException("options");
        if (listener == null) throw new NullPointerException("listener");
        if (closed) throw new WebSocketException(ErrorCode.BAD_HANDLE, "the loop is closed");
        int flags = options.flags | Cleartext.check(this.options.cleartextPolicy, target, port);
        WebSocket socket = new WebSocket(this, listener, options.requestHook);
        long[] out = new long[1];
        sockets.add(socket);
        boolean connecting = false;
        try {
            check(Native.connect(handle, Options.withoutNul("url", target), port, socket, flags, options.allNumbers,
                    options.texts, options.headers, options.tlsRoots, options.tlsIdentity,
                    options.requestHook != null, options.traceFrames, small, options.directMessages ? received() : null, out));
            connecting = true;
        } finally {
            if (!connecting) sockets.remove(socket);
        }
        socket.handle = out[0];
        if (closed) socket.end(); // another thread may have closed the loop before this socket was in the set
        return socket;
    }

    /** Runs the pending callbacks. Call it once per frame. */
    public int poll() {
        return poll(0);
    }

    /**
     * Runs the pending callbacks and returns their number; 0 if the loop is closed. Only its own thread may poll the loop of a
     * {@link LoopThread}.
     *
     * @param timeoutMillis 0: does not wait; positive: the maximum wait for an event; negative: waits without limit
     */
    public int poll(int timeoutMillis) {
        if (driver != null && driver != Thread.currentThread() && !closed)
            throw new WebSocketException(ErrorCode.BUSY, "the loop's LoopThread polls it");
        polls.incrementAndGet(); // before `closed` is read: see end
        int result = closed ? 0 : Native.loopPoll(handle, timeoutMillis);
        polls.decrementAndGet();
        if (closed) end(); // a listener or another thread may have closed it during this poll
        return closed ? Math.max(result, 0) : check(result);
    }

    /** Ends the wait of the current poll. If no poll waits, the next one does not wait. */
    public void wake() {
        checkUnlessClosed(Native.loopWake(handle));
    }

    /**
     * Sets the function that is called, <b>on another thread</b>, when work is pending for a poll; null for none. It must not poll:
     * it notifies the polling thread and returns soon. A loop with such a function stays alive. When this call returns, no
     * other thread runs the previous function. (Inside a log or a wake-up, this call does not wait for the previous function.)
     * An inline loop refuses it ({@link ErrorCode#UNSUPPORTED}).
     */
    public void setWakeup(@Nullable Runnable wakeup) {
        if (wakeup != null && options.isInline() && !closed)
            throw new WebSocketException(ErrorCode.UNSUPPORTED,
                    "an inline loop, such as that of a LoopThread, has no wake-up: wait on getDescriptor()");
        this.wakeup = wakeup;
        checkUnlessClosed(Native.loopSetWakeup(handle, reference, wakeup != null));
        if (wakeup == null) WITH_WAKEUP.remove(this);
        else WITH_WAKEUP.add(this);
        if (closed) WITH_WAKEUP.remove(this);
    }

    /** Returns a file descriptor that is readable while work is pending for a poll; -1 if the loop is closed. Only wait on it. */
    public int getDescriptor() {
        return orIfClosed(Native.loopDescriptor(handle), -1);
    }

    /**
     * Returns the milliseconds until a poll is needed even if the descriptor is not readable; {@link Integer#MAX_VALUE}: no
     * limit.
     */
    public int getNextPollMillis() {
        return orIfClosed(Native.loopTimeout(handle), Integer.MAX_VALUE);
    }

    /** Call it when the app goes to the background, before the system may freeze the process. */
    @Override
    public void suspend() {
        checkUnlessClosed(Native.loopSuspend(handle));
    }

    /** Call it when the app is in the foreground again: connections are probed, so that lost ones are detected soon. */
    @Override
    public void resume() {
        checkUnlessClosed(Native.loopResume(handle));
    }

    /**
     * Call it when another network is in use: Wi-Fi instead of mobile data, or a VPN. Do not call it for each event of the
     * system: see {@link LoopLifecycle}.
     */
    @Override
    public void networkChanged() {
        checkUnlessClosed(Native.loopNetworkChanged(handle));
    }

    /** Returns the options of this loop. */
    public @NotNull LoopOptions getOptions() {
        return options;
    }

    /** Returns whether {@link #close} was called. */
    @Override
    public boolean isClosed() {
        return closed;
    }

    /**
     * Ends the loop and its sockets; from now on no listener is called. {@link #getCloseInfo} counts the messages that were not
     * sent. A second call does nothing. Later calls of the loop do nothing either, except that a connect is refused with
     * {@link ErrorCode#BAD_HANDLE}.
     *
     * <p>Inside a listener, or while another thread polls, the loop ends when that poll returns. A waiting poll returns soon.
     * (Inside a hook, a log or a wake-up that does not run in a poll, the loop ends with the next call of poll or close.) The
     * call does not wait for running hooks.
     */
    @Override
    public void close() {
        if (!closed) {
            for (WebSocket socket : sockets) socket.keepLastValues();
            closed = true;
            for (WebSocket socket : sockets) socket.end();
        }
        end();
    }

    /** Returns the report of lost messages after the loop has ended; null before. */
    public @Nullable LoopCloseInfo getCloseInfo() {
        return closeInfo;
    }

    /**
     * Frees the loop, after {@link #closed} was set. During a poll the library would refuse that, and log the refusal. So the
     * poll frees the loop when it returns: it counts itself before it reads {@link #closed}, and reads it again afterwards.
     */
    private void end() {
        if (polls.get() != 0) {
            Native.loopWake(handle);
            return;
        }
        if (Callbacks.isInHook() || !freed.compareAndSet(false, true)) return;
        long[] lost = new long[LoopCloseInfo.COUNT];
        int result = Native.loopFree(handle, reference, lost);
        if (result < 0) {
            freed.set(false);
            ErrorCode error = ErrorCode.of(result);
            if (error != ErrorCode.BUSY && error != ErrorCode.REENTRANT) check(result);
            return;
        }
        closeInfo = new LoopCloseInfo(lost);
        leak.forget();
        WITH_WAKEUP.remove(this);
        sockets.clear();
    }

    private int checkUnlessClosed(int result) {
        return orIfClosed(result, 0);
    }

    /** Checks a result. The library refuses the handle of a closed loop, at the latest when the loop has ended. */
    private int orIfClosed(int result, int value) {
        return closed ? value : check(result);
    }

    /** Returns the URL as a browser's {@code WebSocket} would normalize it. */
    public static @NotNull String normalizeUrl(@NotNull String url) {
        return Native.normalizeUrl(Options.withoutNul("url", url));
    }

    /** Returns the version of the library, such as {@code 0.2.0}. */
    public static @NotNull String libraryVersion() {
        return Native.versionString();
    }

    /** Returns the version as a number: major × 65536 + minor × 256 + patch. */
    public static int libraryVersionNumber() {
        return Native.versionNumber();
    }

    /** Returns the buffer for binary messages without arrays. One buffer is enough, because one listener runs at a time. */
    private synchronized ByteBuffer received() {
        if (received == null) received = ByteBuffer.allocateDirect(WebSocket.MAX_MESSAGE_BYTES);
        return received;
    }

    /** Call it when the socket has ended: the loop no longer keeps it alive. */
    void ended(WebSocket socket) {
        sockets.remove(socket);
    }

    private static <T> Set<T> newSet() {
        return Collections.newSetFromMap(new ConcurrentHashMap<T, Boolean>());
    }

    void wakeUp() {
        Runnable wakeup = this.wakeup;
        if (wakeup != null) wakeup.run();
    }
}
