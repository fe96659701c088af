package org.egret.websocket.android;

import android.os.Handler;
import android.os.Looper;
import android.view.Choreographer;
import org.egret.websocket.WebSocketLoop;
import org.jetbrains.annotations.NotNull;

/**
 * Polls a loop on a thread that has a {@link Looper}, for example the main thread; listeners run there. A game that polls in its
 * render loop does not need this class. Close the driver before the loop, on the Looper's thread.
 */
public abstract class LooperDriver implements AutoCloseable {
    final WebSocketLoop loop;
    volatile boolean closed;

    private LooperDriver(WebSocketLoop loop) {
        this.loop = loop;
    }

    /** Polls when there is something to do. For a loop with an I/O thread, that is, without {@code inline}. */
    public static @NotNull LooperDriver onWakeup(@NotNull WebSocketLoop loop, @NotNull Looper looper) {
        return new OnWakeup(loop, looper);
    }

    /** Polls once a display frame, on the thread that calls this. For every loop. */
    public static @NotNull LooperDriver onFrame(@NotNull WebSocketLoop loop) {
        return new OnFrame(loop);
    }

    /** Stops polling. */
    @Override
    public abstract void close();

    private static final class OnWakeup extends LooperDriver implements Runnable {
        private final Handler handler;

        OnWakeup(WebSocketLoop loop, Looper looper) {
            super(loop);
            handler = new Handler(looper);
            loop.setWakeup(new Runnable() {
                @Override
                public void run() {
                    handler.post(OnWakeup.this);
                }
            });
        }

        /** The library calls this once before each poll, and again if a poll stopped at its budget and left events. */
        @Override
        public void run() {
            if (!closed) loop.poll();
        }

        @Override
        public void close() {
            if (closed) return;
            closed = true;
            loop.setWakeup(null);
            handler.removeCallbacks(this);
        }
    }

    private static final class OnFrame extends LooperDriver implements Choreographer.FrameCallback {
        private final Choreographer choreographer = Choreographer.getInstance();

        OnFrame(WebSocketLoop loop) {
            super(loop);
            choreographer.postFrameCallback(this);
        }

        @Override
        public void doFrame(long frameTimeNanos) {
            if (closed) return;
            loop.poll();
            if (!closed) choreographer.postFrameCallback(this); // a listener may have closed this driver
        }

        @Override
        public void close() {
            closed = true;
            choreographer.removeFrameCallback(this);
        }
    }
}
