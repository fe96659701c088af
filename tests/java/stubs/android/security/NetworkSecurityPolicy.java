package android.security;

/** A policy that permits one host. */
public class NetworkSecurityPolicy {
    public static volatile boolean permitsInGeneral;

    public static NetworkSecurityPolicy getInstance() {
        return new NetworkSecurityPolicy();
    }

    public boolean isCleartextTrafficPermitted() {
        return permitsInGeneral;
    }

    public boolean isCleartextTrafficPermitted(String host) {
        return host.equals("permitted.example");
    }
}
