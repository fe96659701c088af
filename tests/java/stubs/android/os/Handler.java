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

    public final void removeCallbacks(Runnable task) {
        while (looper.queue.remove(task)) {}
    }
}
