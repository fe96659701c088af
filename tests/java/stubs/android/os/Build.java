package android.os;

/** A stub whose version the test sets. */
public final class Build {
    private Build() {}

    public static final class VERSION {
        public static int SDK_INT = 24;

        private VERSION() {}
    }
}
