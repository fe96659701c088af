package android.os;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** As much of Android's as a driver needs, to run it where there is no Android: a queue for the thread that takes from it. */
public final class Looper {
    final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();

    /** Runs the next task; false if none came in time. */
    public boolean runOne(long patienceMillis) throws InterruptedException {
        Runnable task = queue.poll(patienceMillis, TimeUnit.MILLISECONDS);
        if (task != null) task.run();
        return task != null;
    }
}
