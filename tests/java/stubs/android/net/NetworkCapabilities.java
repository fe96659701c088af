package android.net;

/** A stub. */
public final class NetworkCapabilities {
    public static final int NET_CAPABILITY_INTERNET = 12;

    private NetworkCapabilities() {}
}
