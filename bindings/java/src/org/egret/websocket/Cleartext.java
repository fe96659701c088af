package org.egret.websocket;

/** Applies a {@link CleartextPolicy}. */
final class Cleartext {
    /** {@code EGRET_WS_SECURE_REDIRECTS_ONLY}. */
    private static final int SECURE_REDIRECTS_ONLY = 64;
    private static final String SCHEME = "ws://";

    private Cleartext() {}

    /**
     * Throws if the policy forbids the target. Returns flags to add to those of the socket.
     *
     * @param policy null: everything is permitted
     * @param target a URL if the port is -1, otherwise a host
     */
    static int check(CleartextPolicy policy, String target, int port) {
        if (policy == null || target == null) return 0;
        String url = WebSocketLoop.normalizeUrl(port < 0 ? target : SCHEME + bracketed(target) + ':' + port + '/');
        if (url.startsWith(SCHEME) && !policy.isCleartextPermitted(host(url)))
            throw new WebSocketException(ErrorCode.UNSUPPORTED,
                    "the policy of this app forbids ws:// to " + host(url) + "; use wss://, or permit it in its Network Security Config");
        return policy.isCleartextPermitted(null) ? 0 : SECURE_REDIRECTS_ONLY;
    }

    /**
     * Converts a host for a URL: a connect with a host and a port also accepts IPv6 addresses without brackets, and with a
     * zone.
     */
    private static String bracketed(String host) {
        if (host.indexOf(':') < 0) return host;
        String address = host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
        int zone = address.indexOf('%');
        return '[' + (zone < 0 ? address : address.substring(0, zone)) + ']';
    }

    /** Returns the host of a normalized URL, which has a path. A user name may be before the host, and a dot may be at its end. */
    private static String host(String url) {
        int end = SCHEME.length();
        while (end < url.length() && "/?#".indexOf(url.charAt(end)) < 0) end++;
        String authority = url.substring(SCHEME.length(), end);
        String server = authority.substring(authority.lastIndexOf('@') + 1);
        if (server.startsWith("[")) return server.substring(1, server.indexOf(']'));
        int port = server.indexOf(':');
        String host = port < 0 ? server : server.substring(0, port);
        return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    }
}
