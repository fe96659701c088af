package javax.net.ssl;

/** Only for compilation against an {@code android.jar} older than API 24, which does not contain this class. Not in the library. */
public final class SNIHostName {
    public SNIHostName(String name) {}
}
