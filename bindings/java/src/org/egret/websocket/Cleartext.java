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
     * @param target a URL if the port is -1, else a host
     */
    static int check(CleartextPolicy policy, String target, int port) {
        if (policy == null || target == null) return 0;
        String url = WebSocketLoop.normalizeUrl(port < 0 ? target : SCHEME + bracketed(target) + ':' + port + '/');
        if (url.startsWith(SCHEME) && !policy.isCleartextPermitted(host(url)))
            throw new WebSocketException(ErrorCode.UNSUPPORTED,
                    "the policy of this app forbids ws:// to " + host(url) + "; use wss://, or permit it in its Network Security Config");
        return policy.isCleartextPermitted(null) ? 0 : SECURE_REDIRECTS_ONLY;
    }

    /** A host as URLs have it: a connect with a host and a port takes IPv6 addresses without brackets too. */
    private static String bracketed(String host) {
        return host.indexOf(':') >= 0 && !host.startsWith("[") ? '[' + host + ']' : host;
    }

    /** Of a normalized URL, which has a path. */
    private static String host(String url) {
        int from = SCHEME.length();
        if (url.charAt(from) == '[') return url.substring(from + 1, url.indexOf(']'));
        int end = from;
        while (end < url.length() && ":/?".indexOf(url.charAt(end)) < 0) end++;
        return url.substring(from, end);
    }
}
