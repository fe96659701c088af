package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/**
 * Calls {@code suspend}, {@code resume} and {@code networkChanged} of a loop, according to the events of a platform. On
 * Android, use {@code AppLifecycle}, which passes Android's events to this class. Call all methods on one thread.
 *
 * <p>{@code networkChanged} is called when the network in use is different from the previous one. It is not called for the first
 * event, which reports the network that connections already use, or for further events of an unchanged network. It is not called
 * when a network is lost either, because then there is no network for a connection. It is called {@link #DEBOUNCE_MILLIS} after
 * the first of several changes, and not at all if the old network is in use again by then. If a lost network has returned,
 * {@code resume} is called, which probes the connections.
 */
public final class LoopLifecycle implements AutoCloseable {
    /** The time for which changes of the network are collected. */
    public static final long DEBOUNCE_MILLIS = 300;

    /** The timer of a platform, such as Android's {@code Handler}. */
    public interface Timer {
        /** Runs the task after a delay, on the thread that calls the lifecycle. */
        void schedule(@NotNull Runnable task, long delayMillis);

        /** Removes the task, if it is scheduled. */
        void cancel(@NotNull Runnable task);
    }

    /** The functions of a loop, or of an object for several loops, that a lifecycle calls. */
    public interface Target {
        /** See {@link WebSocketLoop#suspend}. */
        void suspend();

        /** See {@link WebSocketLoop#resume}. */
        void resume();

        /** See {@link WebSocketLoop#networkChanged}. */
        void networkChanged();

        /** Returns whether it is no longer used. */
        boolean isClosed();
    }

    private final Target loop;
    private final Timer timer;
    private final Runnable settled = new Runnable() {
        @Override
        public void run() {
            isScheduled = false;
            if (hasEnded() || !isChanged()) return;
            if (isOther()) loop.networkChanged();
            else loop.resume();
            settle();
        }
    };
    /** The network of the current connections; null: not known yet, or none. */
    private Object inUse;
    /** The network of the last event; null: none, or it was lost. */
    private Object latest;
    /** Whether a network was lost, and connections were not probed since then. */
    private boolean wasLost;
    private boolean isScheduled;
    private boolean suspended;
    private boolean closed;

    /** Starts a lifecycle. The timer belongs to the thread of all calls. */
    public LoopLifecycle(@NotNull Target loop, @NotNull Timer timer) {
        this.loop = loop;
        this.timer = timer;
    }

    /** Call it when a network becomes the default one, or has new properties. Networks are compared with {@code equals}. */
    public void networkAvailable(@NotNull Object network) {
        if (hasEnded()) return;
        latest = network;
        if (inUse == null && !wasLost) inUse = network;
        if (!isChanged() || isScheduled || suspended) return;
        isScheduled = true;
        timer.schedule(settled, DEBOUNCE_MILLIS);
    }

    /** Call it when there is no default network, also at a start without a network. */
    public void networkLost() {
        if (hasEnded()) return;
        latest = null;
        wasLost = true;
    }

    /** Call it when the app goes to the background. A second call does nothing. */
    public void suspend() {
        if (hasEnded() || suspended) return;
        suspended = true;
        cancel();
        loop.suspend();
    }

    /** Call it when the app is in the foreground again. It also reports a change of the network. Does nothing if not suspended. */
    public void resume() {
        if (hasEnded() || !suspended) return;
        suspended = false;
        if (latest != null && isOther()) loop.networkChanged();
        if (latest != null) settle();
        loop.resume();
    }

    /** Returns whether it has ended, or its loop was closed. */
    public boolean isClosed() {
        return hasEnded();
    }

    /** Ends the lifecycle. The loop stays as it is. A second call does nothing. */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        cancel();
    }

    private boolean isOther() {
        return !latest.equals(inUse);
    }

    private boolean isChanged() {
        return latest != null && (wasLost || isOther());
    }

    /** The loop now knows the latest network. */
    private void settle() {
        inUse = latest;
        wasLost = false;
    }

    private void cancel() {
        if (isScheduled) timer.cancel(settled);
        isScheduled = false;
    }

    private boolean hasEnded() {
        if (loop.isClosed()) close();
        return closed;
    }
}
