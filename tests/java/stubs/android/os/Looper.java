package android.os;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A stub of the parts of Android's class that a driver and a lifecycle need: a task queue for one thread. The test sets the time.
 */
public final class Looper {
    private static final ThreadLocal<Looper> OF_THREAD = ThreadLocal.withInitial(Looper::new);

    static final class Delayed {
        final Runnable task;
        final long at;

        Delayed(Runnable task, long at) {
            this.task = task;
            this.at = at;
        }
    }

    final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
    final List<Delayed> later = new ArrayList<>();
    long now;

    public static Looper myLooper() {
        return OF_THREAD.get();
    }

    /** Runs the next task. Returns false if no task was due in time. */
    public boolean runOne(long timeoutMillis) throws InterruptedException {
        Runnable task = queue.poll(timeoutMillis, TimeUnit.MILLISECONDS);
        if (task != null) task.run();
        return task != null;
    }

    /** Advances the time and runs the tasks that become due. */
    public void advance(long millis) {
        long end = now + millis;
        while (true) {
            for (Runnable task; (task = queue.poll()) != null;) task.run();
            Delayed next = later.stream().filter(one -> one.at <= end).min(Comparator.comparingLong(one -> one.at)).orElse(null);
            if (next == null) break;
            later.remove(next);
            now = next.at;
            next.task.run();
        }
        now = end;
    }

    /** Returns whether no task is left. */
    public boolean isIdle() {
        return queue.isEmpty() && later.isEmpty();
    }
}
