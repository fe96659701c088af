package android.os;

/** See {@link Looper}. */
public class Handler {
    private final Looper looper;

    public Handler(Looper looper) {
        this.looper = looper;
    }

    public final boolean post(Runnable task) {
        return looper.queue.add(task);
    }

    public final boolean postDelayed(Runnable task, long delayMillis) {
        return looper.later.add(new Looper.Delayed(task, looper.now + delayMillis));
    }

    public final void removeCallbacks(Runnable task) {
        while (looper.queue.remove(task)) {}
        looper.later.removeIf(delayed -> delayed.task == task);
    }
}
