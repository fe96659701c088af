package java.time;

/** For compiling only: the android.jar that the classes are compiled against is older than this class of Android 8. */
public abstract class Duration implements Comparable<Duration> {
    private Duration() {}

    public static native Duration ofMillis(long millis);

    public abstract boolean isNegative();

    public abstract boolean isZero();

    public abstract Duration plusNanos(long nanos);

    public abstract long toMillis();
}
