package org.egret.websocket;

import java.util.concurrent.ThreadFactory;
import org.jetbrains.annotations.NotNull;

/**
 * A loop and the thread that drives it. The thread reads, decodes and calls the listeners, and passes nothing to another
 * thread, so this is the driver with the shortest round trip. An {@link ExecutorListener} passes the events of a socket to
 * other threads.
 *
 * <p>Any thread may use the loop, but no other thread may poll it ({@link ErrorCode#BUSY}). A listener that blocks delays all
 * sockets of the loop. The thread lives until {@link #close}, even if the program holds no reference to this object.
 */
public final class LoopThread implements AutoCloseable {
    /** Creates threads that do not keep the program running, like those of the library itself. */
    private static final ThreadFactory DAEMONS = new ThreadFactory() {
        @Override
        public Thread newThread(Runnable run) {
            Thread thread = new Thread(run, "egret-ws-loop");
            thread.setDaemon(true);
            return thread;
        }
    };

    private final WebSocketLoop loop;
    private final Thread thread;

    /** Starts a loop with the default options. */
    public LoopThread() {
        this(new LoopOptions.Builder().build());
    }

    /** Starts a loop with options. It is always {@link LoopOptions.Builder#inline}. The thread is a daemon. */
    public LoopThread(@NotNull LoopOptions options) {
        this(options, DAEMONS);
    }

    /** Starts a loop on a thread of the factory, for example one that keeps the program running, or with another priority. */
    public LoopThread(@NotNull LoopOptions options, @NotNull ThreadFactory threads) {
        loop = new WebSocketLoop(options.toBuilder().inline(true).build());
        boolean started = false;
        try {
            thread = threads.newThread(new Runnable() {
                @Override
                public void run() {
                    drive();
                }
            });
            if (thread == null) throw new IllegalStateException("the ThreadFactory returned no thread");
            loop.driver = thread;
            thread.start();
            started = true;
        } finally {
            if (!started) loop.close();
        }
    }

    /** Returns the loop, for connects. */
    public @NotNull WebSocketLoop getLoop() {
        return loop;
    }

    /**
     * Closes the loop: from now on no listener is called, and the thread ends. Any thread may call it, also inside a listener.
     * It does not wait for the end of the thread; {@link #join} does. A second call does nothing.
     */
    @Override
    public void close() {
        loop.close();
    }

    /**
     * Waits until the thread has ended, and returns whether it has ended. Call it after {@link #close} before a program ends,
     * so that the loop can send messages for {@link LoopOptions.Builder#lingerMillis}.
     *
     * @param timeoutMillis the longest wait; 0: no limit
     */
    public boolean join(long timeoutMillis) throws InterruptedException {
        thread.join(timeoutMillis);
        return !thread.isAlive();
    }

    private void drive() {
        try {
            while (!loop.isClosed()) loop.poll(-1);
        } catch (Throwable thrown) { // the engine has failed, and its sockets were closed
            loop.close();
            Callbacks.report(loop, null, thrown);
        }
    }
}
