package android.os;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A stub of the parts of Android's class that a driver needs: a task queue for one thread. */
public final class Looper {
    private static final ThreadLocal<Looper> OF_THREAD = ThreadLocal.withInitial(Looper::new);

    final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();

    public static Looper myLooper() {
        return OF_THREAD.get();
    }

    /** Runs the next task; false if there was none in time. */
    public boolean runOne(long timeoutMillis) throws InterruptedException {
        Runnable task = queue.poll(timeoutMillis, TimeUnit.MILLISECONDS);
        if (task != null) task.run();
        return task != null;
    }
}
