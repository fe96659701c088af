package android.view;

import java.util.ArrayList;
import java.util.List;

/** A stub of the parts of Android's class that a driver needs. The test makes the frames. */
public final class Choreographer {
    public interface FrameCallback {
        void doFrame(long frameTimeNanos);
    }

    private static final Choreographer ONLY = new Choreographer();
    private List<FrameCallback> waiting = new ArrayList<>();

    public static Choreographer getInstance() {
        return ONLY;
    }

    public void postFrameCallback(FrameCallback callback) {
        waiting.add(callback);
    }

    public void removeFrameCallback(FrameCallback callback) {
        waiting.remove(callback);
    }

    /** Makes a frame and returns how many callbacks ran. */
    public int frame() {
        List<FrameCallback> due = waiting;
        waiting = new ArrayList<>();
        for (FrameCallback callback : due) callback.doFrame(System.nanoTime());
        return due.size();
    }
}
