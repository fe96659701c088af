package java.time;

/** Only for compilation, because the android.jar is older than this class, which Android has from 8 on. Not in the library. */
public abstract class Duration implements Comparable<Duration> {
    private Duration() {}

    public static native Duration ofMillis(long millis);

    public abstract boolean isNegative();

    public abstract boolean isZero();

    public abstract Duration plusNanos(long nanos);

    public abstract long toMillis();
}
