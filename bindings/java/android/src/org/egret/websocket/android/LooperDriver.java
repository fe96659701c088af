package org.egret.websocket.android;

import android.os.Handler;
import android.os.Looper;
import android.view.Choreographer;
import org.egret.websocket.WebSocketLoop;
import org.jetbrains.annotations.NotNull;

/**
 * Polls a loop on a thread with a {@link Looper}, for example the main thread. Listeners run there. A game that polls in its render
 * loop does not need this class. Close the driver and the loop, in any order, on the Looper's thread.
 */
public abstract class LooperDriver implements AutoCloseable {
    final WebSocketLoop loop;
    volatile boolean closed;

    private LooperDriver(WebSocketLoop loop) {
        this.loop = loop;
    }

    /** Polls when work is pending. For a loop with an I/O thread, that is, without {@code inline}. */
    public static @NotNull LooperDriver onWakeup(@NotNull WebSocketLoop loop, @NotNull Looper looper) {
        return new OnWakeup(loop, looper);
    }

    /**
     * Polls at the next display frame when work is pending, on the thread that calls this: at most once per frame. It requests
     * no frame while nothing happens. An inline loop has no thread that could notify, so it is polled at every frame.
     */
    public static @NotNull LooperDriver onFrame(@NotNull WebSocketLoop loop) {
        return new OnFrame(loop);
    }

    /** Stops polling. The loop stays as it is. A second call does nothing. */
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

        /** The library calls this once before each poll, and again if a poll used up its budget and left events. */
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

    private static final class OnFrame extends LooperDriver implements Choreographer.FrameCallback, Runnable {
        private final Choreographer choreographer = Choreographer.getInstance();
        private final Handler handler = new Handler(Looper.myLooper());
        private final boolean isInline;
        /** Whether a frame was requested. */
        private boolean waiting;

        OnFrame(WebSocketLoop loop) {
            super(loop);
            isInline = loop.getOptions().isInline();
            if (isInline) {
                run();
            } else {
                loop.setWakeup(new Runnable() {
                    @Override
                    public void run() {
                        handler.post(OnFrame.this);
                    }
                });
            }
        }

        /** Requests a frame. */
        @Override
        public void run() {
            if (closed || waiting || loop.isClosed()) return;
            waiting = true;
            choreographer.postFrameCallback(this);
        }

        /** The library calls the wake-up again for events that arrive after the poll, or that the poll left. */
        @Override
        public void doFrame(long frameTimeNanos) {
            waiting = false;
            if (closed) return;
            loop.poll();
            if (isInline) run(); // unless a listener has closed this driver or the loop
        }

        @Override
        public void close() {
            if (closed) return;
            closed = true;
            if (!isInline) loop.setWakeup(null);
            handler.removeCallbacks(this);
            choreographer.removeFrameCallback(this);
        }
    }
}
