package org.egret.websocket;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * Finds the proxies of the system's settings with Java's {@link ProxySelector}. On Android these are the proxies of the network,
 * including an automatic configuration (PAC). Elsewhere Java's system properties set them, such as {@code https.proxyHost}.
 *
 * <p>For {@code wss} it uses the proxies for {@code https}. For {@code ws} it also uses these; if there are none,
 * it uses the proxies for {@code http} (RFC 6455 section 4.1).
 */
public final class SystemProxies implements ProxyHook {
    /** The maximum number of proxies in an answer. */
    private static final int MAX_PROXIES = 8;
    private static final String DIRECT = "direct";

    private final ProxySelector selector;

    /** Uses the current {@link ProxySelector#getDefault} at each call. */
    public SystemProxies() {
        this(null);
    }

    /** Uses a selector; null for the default one. */
    public SystemProxies(@Nullable ProxySelector selector) {
        this.selector = selector;
    }

    @Override
    public void onProxy(@NotNull WebSocket socket, @NotNull String url, @NotNull Query query) throws IOException {
        query.answer(proxies(url));
    }

    private List<String> proxies(String url) throws IOException {
        ProxySelector used = selector == null ? ProxySelector.getDefault() : selector;
        if (used == null) return Collections.singletonList(DIRECT);
        String target = url.substring(url.indexOf("://"));
        List<String> found = select(used, "https" + target);
        boolean isSecure = url.startsWith("wss:");
        return isSecure || !isDirect(found) ? found : select(used, "http" + target);
    }

    private static boolean isDirect(List<String> proxies) {
        return proxies.get(0).equals(DIRECT);
    }

    /** Returns the first proxies, at least one. */
    private static List<String> select(ProxySelector selector, String url) throws IOException {
        List<String> found = new ArrayList<>();
        try {
            List<Proxy> proxies = selector.select(URI.create(url));
            if (proxies == null || proxies.isEmpty()) return Collections.singletonList(DIRECT);
            for (Proxy proxy : proxies)
                if (found.size() < MAX_PROXIES) found.add(text(proxy));
        } catch (RuntimeException thrown) { // from the selector, which is not part of the program
            throw new IOException("the ProxySelector failed for " + url + ": " + thrown, thrown);
        }
        return found;
    }

    private static String text(Proxy proxy) {
        if (proxy.type() == Proxy.Type.DIRECT) return DIRECT;
        InetSocketAddress address = (InetSocketAddress) proxy.address();
        String host = address.getHostString();
        return (proxy.type() == Proxy.Type.SOCKS ? "socks5" : "http") + "://" + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":"
                + address.getPort();
    }
}
