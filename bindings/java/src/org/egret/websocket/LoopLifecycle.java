package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/**
 * Decides from the notices of a platform when a loop's {@code suspend}, {@code resume} and {@code networkChanged} are called. On Android
 * use {@code AppLifecycle}, which passes Android's notices to this class. Call all of it on one thread.
 *
 * <p>{@code networkChanged} is called when the network in use is another one than before. Not for the first notice, which is about the
 * network that connections use already, nor for further notices of the same network, nor when a network is lost: there is nothing to
 * connect through then. It is called {@link #DEBOUNCE_MILLIS} after the first of several changes, and not at all if the network is the old
 * one again at that time. If the same network was lost and is back, connections are probed by {@code resume}.
 */
public final class LoopLifecycle implements AutoCloseable {
    /** The time for which changes of the network are collected. */
    public static final long DEBOUNCE_MILLIS = 300;

    /** The timer of a platform, such as Android's {@code Handler}. */
    public interface Timer {
        /** Runs the task after a delay, on the thread that calls the lifecycle. */
        void schedule(@NotNull Runnable task, long delayMillis);

        /** Forgets the task, if it is scheduled. */
        void cancel(@NotNull Runnable task);
    }

    /** The functions of a loop that a lifecycle calls; or of an object for several loops. */
    public interface Target {
        /** See {@link WebSocketLoop#suspend}. */
        void suspend();

        /** See {@link WebSocketLoop#resume}. */
        void resume();

        /** See {@link WebSocketLoop#networkChanged}. */
        void networkChanged();

        /** Whether it is not used any more. */
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
    /** The network of the present connections; null: not known yet, or none. */
    private Object inUse;
    /** The network of the last notice; null: none, or it was lost. */
    private Object latest;
    /** A network was lost, and connections were not probed since then. */
    private boolean wasLost;
    private boolean isScheduled;
    private boolean suspended;
    private boolean closed;

    /** Begins. The timer belongs to the thread of all calls. */
    public LoopLifecycle(@NotNull Target loop, @NotNull Timer timer) {
        this.loop = loop;
        this.timer = timer;
    }

    /** A network is the default one, or has new properties. Networks are compared by {@code equals}. */
    public void networkAvailable(@NotNull Object network) {
        if (hasEnded()) return;
        latest = network;
        if (inUse == null && !wasLost) inUse = network;
        if (!isChanged() || isScheduled || suspended) return;
        isScheduled = true;
        timer.schedule(settled, DEBOUNCE_MILLIS);
    }

    /** There is no default network. Also for a start without a network. */
    public void networkLost() {
        if (hasEnded()) return;
        latest = null;
        wasLost = true;
    }

    /** The app goes to the background. A second call does nothing. */
    public void suspend() {
        if (hasEnded() || suspended) return;
        suspended = true;
        cancel();
        loop.suspend();
    }

    /** The app is in the foreground again. Reports a change of the network too. Does nothing if it is not suspended. */
    public void resume() {
        if (hasEnded() || !suspended) return;
        suspended = false;
        if (latest != null && isOther()) loop.networkChanged();
        if (latest != null) settle();
        loop.resume();
    }

    /** Whether it has ended, also because its loop was closed. */
    public boolean isClosed() {
        return hasEnded();
    }

    /** Ends. The loop stays as it is. A second call does nothing. */
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

    /** The loop knows of the latest network. */
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
