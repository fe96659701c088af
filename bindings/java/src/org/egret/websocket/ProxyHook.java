package org.egret.websocket;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jetbrains.annotations.NotNull;

/**
 * Finds the proxies for a URL. Called at the beginning of each attempt, and after each redirect, if the socket has neither
 * {@link WebSocketOptions.Builder#proxy} nor {@link WebSocketOptions.Builder#proxyFromEnvironment}. {@link SystemProxies} uses the
 * system's settings. See {@link LoopOptions.Builder#proxyHook}.
 */
public interface ProxyHook {
    /**
     * Finds the proxies. Answer with a method of {@code query}, inside this call, or later from any thread. It may block: only the
     * connection that needs the answer waits, for at most {@link WebSocketOptions.Builder#proxyTimeoutMillis}.
     *
     * @param url the scheme, the host and the port of the server, such as {@code wss://example.com:443/}
     * @throws IOException if the proxies could not be found; the effect is as after {@link Query#fail}. It is logged. Any other
     *     exception has this effect, too, and is reported like an exception of a listener.
     */
    void onProxy(@NotNull WebSocket socket, @NotNull String url, @NotNull Query query) throws IOException;

    /**
     * The question. It accepts one answer: each method returns false if the question is already answered, or if no connection
     * waits any more, because of a time-out, a close or a change of the network.
     */
    final class Query {
        private final long handle;

        Query(long handle) {
            this.handle = handle;
        }

        /**
         * Answers with at most 8 proxies: each is a URL as in {@link WebSocketOptions.Builder#proxy}, or {@code direct}. If the
         * connection to a proxy fails (its name, TCP or TLS), the next one is tried. An empty list means no proxy. Throws a
         * {@link WebSocketException} for a text that is not a proxy; then the question is still open.
         */
        public boolean answer(@NotNull List<String> proxies) {
            String joined = Options.withoutNul("proxies", Options.joined("proxies", proxies));
            return ResolveHook.Query.isTaken(Native.proxyFound(handle, joined == null ? "" : joined));
        }

        /** Like {@link #answer(List)}. */
        public boolean answer(@NotNull String... proxies) {
            return answer(Arrays.asList(proxies));
        }

        /** The proxies could not be found: the attempt fails with {@link ErrorCode#PROXY}. */
        public boolean fail() {
            return ResolveHook.Query.isTaken(Native.proxyFound(handle, null));
        }
    }
}
