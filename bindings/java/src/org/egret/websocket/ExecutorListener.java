package org.egret.websocket;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jetbrains.annotations.NotNull;

/**
 * Passes the events of sockets to an executor, which calls another listener: one event at a time and in order, even if the
 * executor has several threads. So a listener may block without delaying the loop.
 *
 * <p>At most {@link #MAX_WAITING_EVENTS} events and about {@link #MAX_WAITING_BYTES} payload bytes wait for the executor.
 * Beyond that, the sockets pause receiving until half of them are left, so TCP slows the peer down. A buffer of
 * {@link WebSocketOptions.Builder#directMessages} is copied.
 *
 * <p>When the listener gets an event, the socket may already be in a later state: a send in {@code onMessage} may return
 * {@link ErrorCode#NOT_OPEN} because {@code onClose} waits. After {@link WebSocket#free} or {@link WebSocketLoop#close},
 * waiting events are dropped. Exceptions go to {@link LoopOptions.Builder#exceptionHandler}, also if the executor
 * refuses a task. Then the events wait until the executor accepts a task: it is tried again for the next event, and after a
 * tenth of a second and then less often.
 */
public final class ExecutorListener extends WebSocketListener {
    /** The maximum number of waiting events. */
    public static final int MAX_WAITING_EVENTS = 1024;
    /** The limit for waiting payload bytes. */
    public static final int MAX_WAITING_BYTES = 1 << 20;
    /** After this number of events, the executor can run other tasks. */
    private static final int EVENTS_OF_A_TASK = 64;
    private static final long FIRST_RETRY_MILLIS = 100;
    private static final long LAST_RETRY_MILLIS = 5000;

    private final Executor executor;
    private final WebSocketListener listener;
    private final Runnable task = new Runnable() {
        @Override
        public void run() {
            runSome();
        }
    };
    // Guarded by `waiting`.
    private final ArrayDeque<Event> waiting = new ArrayDeque<>();
    private final Set<WebSocket> paused = new HashSet<>();
    private long waitingBytes;
    /** Whether the executor has the task. */
    private boolean isScheduled;
    /** The time until the next try, if the executor has refused the task; 0: it has not. */
    private long retryMillis;

    /** Passes events to the executor, which calls the listener. */
    public ExecutorListener(@NotNull Executor executor, @NotNull WebSocketListener listener) {
        if (executor == null) throw new NullPointerException("executor");
        if (listener == null) throw new NullPointerException("listener");
        this.executor = executor;
        this.listener = listener;
    }

    /** One event. */
    private abstract static class Event {
        final WebSocket socket;
        final int bytes;

        Event(WebSocket socket, int bytes) {
            this.socket = socket;
            this.bytes = bytes;
        }

        abstract void deliver();
    }

    private void add(Event event) {
        boolean schedules;
        synchronized (waiting) {
            waiting.add(event);
            waitingBytes += event.bytes;
            if (isFull() && paused.add(event.socket)) event.socket.pauseReceive(WebSocket.PAUSED_BY_EXECUTOR);
            schedules = !isScheduled;
            isScheduled = true;
        }
        if (schedules) schedule();
    }

    private boolean isFull() {
        return waiting.size() >= MAX_WAITING_EVENTS || waitingBytes >= MAX_WAITING_BYTES;
    }

    private boolean isHalfEmpty() {
        return waiting.size() <= MAX_WAITING_EVENTS / 2 && waitingBytes <= MAX_WAITING_BYTES / 2;
    }

    /** If the executor refuses, it throws: either in an event of the loop, which reports it, or in another task of the executor. */
    private void schedule() {
        boolean accepted = false;
        try {
            executor.execute(task);
            accepted = true;
        } finally {
            synchronized (waiting) {
                if (accepted) {
                    retryMillis = 0;
                } else {
                    isScheduled = false;
                    // A paused socket has no later event.
                    if (retryMillis == 0) retryLater();
                }
            }
        }
    }

    private void retryLater() {
        retryMillis = Math.min(Math.max(FIRST_RETRY_MILLIS, 2 * retryMillis), LAST_RETRY_MILLIS);
        Retries.TIMER.schedule(new Retry(this), retryMillis, TimeUnit.MILLISECONDS);
    }

    /** Tries the executor again. Its refusal was already reported. */
    private void retry() {
        synchronized (waiting) {
            for (Iterator<Event> events = waiting.iterator(); events.hasNext();) {
                Event event = events.next();
                if (!isOver(event.socket)) continue;
                waitingBytes -= event.bytes;
                events.remove();
            }
            if (isScheduled || waiting.isEmpty()) {
                retryMillis = 0;
                return;
            }
            isScheduled = true;
        }
        try {
            executor.execute(task);
            synchronized (waiting) {
                retryMillis = 0;
            }
        } catch (Throwable refused) {
            synchronized (waiting) {
                isScheduled = false;
                retryLater();
            }
        }
    }

    private static boolean isOver(WebSocket socket) {
        return socket.loop.isClosed() || socket.isFreed;
    }

    /** Does not keep the listener alive if the program holds no reference to it. */
    private static final class Retry implements Runnable {
        private final WeakReference<ExecutorListener> listener;

        Retry(ExecutorListener listener) {
            this.listener = new WeakReference<>(listener);
        }

        @Override
        public void run() {
            ExecutorListener alive = listener.get();
            if (alive != null) alive.retry();
        }
    }

    /** The daemon thread for retries. It runs only while there are refusals. */
    private static final class Retries {
        static final ScheduledThreadPoolExecutor TIMER = timer();

        private static ScheduledThreadPoolExecutor timer() {
            ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, new ThreadFactory() {
                @Override
                public Thread newThread(Runnable run) {
                    Thread thread = new Thread(run, "egret-ws executor");
                    thread.setDaemon(true);
                    return thread;
                }
            });
            timer.setKeepAliveTime(1, TimeUnit.SECONDS);
            timer.allowCoreThreadTimeOut(true);
            return timer;
        }
    }

    private void runSome() {
        for (int i = 0; i < EVENTS_OF_A_TASK; i++) {
            Event event = take();
            if (event == null) return;
            WebSocket socket = event.socket;
            if (isOver(socket)) continue;
            try {
                event.deliver();
            } catch (Throwable thrown) {
                Callbacks.report(socket, thrown);
            }
        }
        schedule();
    }

    /** Returns the next event; null if there is none, so that the task ends. */
    private Event take() {
        synchronized (waiting) {
            Event event = waiting.poll();
            if (event == null) isScheduled = false;
            else waitingBytes -= event.bytes;
            if (!paused.isEmpty() && isHalfEmpty()) {
                for (WebSocket socket : paused) socket.resumeReceive(WebSocket.PAUSED_BY_EXECUTOR);
                paused.clear();
            }
            return event;
        }
    }

    @Override
    public void onConnect(@NotNull WebSocket socket) {
        add(new Event(socket, 0) {
            @Override
            void deliver() {
                listener.onConnect(socket);
            }
        });
    }

    @Override
    public void onMessage(@NotNull WebSocket socket, @NotNull final String text) {
        add(new Event(socket, text.length()) {
            @Override
            void deliver() {
                listener.onMessage(socket, text);
            }
        });
    }

    @Override
    public void onMessage(@NotNull WebSocket socket, @NotNull final byte[] data) {
        add(new Event(socket, data.length) {
            @Override
            void deliver() {
                listener.onMessage(socket, data);
            }
        });
    }

    @Override
    public void onMessage(@NotNull WebSocket socket, @NotNull ByteBuffer data) {
        final ByteBuffer copy = ByteBuffer.allocate(data.remaining());
        copy.put(data).flip();
        add(new Event(socket, copy.remaining()) {
            @Override
            void deliver() {
                listener.onMessage(socket, copy);
            }
        });
    }

    @Override
    public void onPong(@NotNull WebSocket socket, @NotNull final byte[] data) {
        add(new Event(socket, data.length) {
            @Override
            void deliver() {
                listener.onPong(socket, data);
            }
        });
    }

    @Override
    public void onFrame(@NotNull WebSocket socket, @NotNull final Frame frame) {
        add(new Event(socket, 0) {
            @Override
            void deliver() {
                listener.onFrame(socket, frame);
            }
        });
    }

    @Override
    public void onClose(@NotNull WebSocket socket, @NotNull final CloseInfo info) {
        add(new Event(socket, 0) {
            @Override
            void deliver() {
                listener.onClose(socket, info);
            }
        });
    }

    @Override
    public void onDrain(@NotNull WebSocket socket) {
        add(new Event(socket, 0) {
            @Override
            void deliver() {
                listener.onDrain(socket);
            }
        });
    }

    @Override
    public void onRetry(@NotNull WebSocket socket, @NotNull final CloseInfo info, final int attempt, final long delayMillis) {
        add(new Event(socket, 0) {
            @Override
            void deliver() {
                listener.onRetry(socket, info, attempt, delayMillis);
            }
        });
    }
}
