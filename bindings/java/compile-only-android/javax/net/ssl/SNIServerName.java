package javax.net.ssl;

/** For compiling against an {@code android.jar} older than API 24, which does not have it. Not in the library. */
public abstract class SNIServerName {
    protected SNIServerName(int type, byte[] encoded) {}
}
