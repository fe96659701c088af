package org.egret.websocket;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jetbrains.annotations.NotNull;

/**
 * Finds the proxies for a URL. Called at the beginning of each attempt, and after each redirect, where the socket has neither
 * {@link WebSocketOptions.Builder#proxy} nor {@link WebSocketOptions.Builder#proxyFromEnvironment}. {@link SystemProxies} is the one for
 * the system's settings. See {@link LoopOptions.Builder#proxyHook}.
 */
public interface ProxyHook {
    /**
     * Asks for the proxies. Answer with a method of {@code query}: in here, or later from any thread. It may block: only the connection
     * that has asked waits, for at most {@link WebSocketOptions.Builder#proxyTimeoutMillis}.
     *
     * @param url the scheme, the host and the port of the server, such as {@code wss://example.com:443/}
     * @throws IOException the proxies could not be found, as with {@link Query#fail}. It is logged. Any other exception has the same
     *     effect, and is reported as those of listeners are.
     */
    void onProxy(@NotNull WebSocket socket, @NotNull String url, @NotNull Query query) throws IOException;

    /**
     * The question. It is answered once: each method returns false if there is an answer already, or if no connection waits any more,
     * because of a time-out, a close or a change of the network.
     */
    final class Query {
        private final long handle;

        Query(long handle) {
            this.handle = handle;
        }

        /**
         * Proxies, at most 8: each a URL as in {@link WebSocketOptions.Builder#proxy}, or {@code direct}. If one cannot be connected to
         * (its name, TCP or TLS), the next one is tried. An empty list: no proxy. Throws a {@link WebSocketException} for a text that is no proxy; then the question is
         * still open.
         */
        public boolean answer(@NotNull List<String> proxies) {
            String joined = Options.withoutNul("proxies", Options.joined("proxies", proxies));
            return ResolveHook.Query.isTaken(Native.proxyFound(handle, joined == null ? "" : joined));
        }

        /** As {@link #answer(List)}. */
        public boolean answer(@NotNull String... proxies) {
            return answer(Arrays.asList(proxies));
        }

        /** The proxies could not be found: the attempt fails with {@link ErrorCode#PROXY}. */
        public boolean fail() {
            return ResolveHook.Query.isTaken(Native.proxyFound(handle, null));
        }
    }
}
