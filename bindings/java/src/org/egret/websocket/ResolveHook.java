package org.egret.websocket;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jetbrains.annotations.NotNull;

/**
 * Finds the addresses of a name, for example by HTTPDNS, DNS over HTTPS, or a cache of the program. Called instead of the system's
 * resolver, for a server's name and for a proxy's, but not for {@code localhost}, a literal address, or where the socket has
 * {@link WebSocketOptions.Builder#addresses}. See {@link LoopOptions.Builder#resolveHook}.
 */
public interface ResolveHook {
    /**
     * Asks for the addresses. Answer with a method of {@code query}: in here, or later from any thread. It may block: only the connection
     * that has asked waits, for at most {@link WebSocketOptions.Builder#resolveTimeoutMillis}.
     *
     * @throws IOException such as {@link java.net.UnknownHostException}: the name has no address. It is logged. Any other exception has
     *     the same effect, and is reported as those of listeners are.
     */
    void onResolve(@NotNull WebSocket socket, @NotNull String host, @NotNull Query query) throws IOException;

    /**
     * The question. It is answered once: each method returns false if there is an answer already, or if no connection waits any more,
     * because of a time-out, a close or a change of the network.
     */
    final class Query {
        /** The most addresses of an answer. */
        private static final int MAX_ADDRESSES = 16;

        private final long handle;

        Query(long handle) {
            this.handle = handle;
        }

        /**
         * Addresses, with the rules of {@link WebSocketOptions.Builder#addresses}: at most 16, each with or without a port. An empty list:
         * the name has no address. Throws a {@link WebSocketException} for a text that is no address; then the question is still open.
         */
        public boolean answer(@NotNull List<String> addresses) {
            String joined = Options.withoutNul("addresses", Options.joined("addresses", addresses));
            return isTaken(Native.resolved(handle, joined == null ? "" : joined));
        }

        /** As {@link #answer(List)}. */
        public boolean answer(@NotNull String... addresses) {
            return answer(Arrays.asList(addresses));
        }

        /** The first 16 of these addresses, as {@link InetAddress#getAllByName} returns them. */
        public boolean answer(@NotNull InetAddress[] addresses) {
            List<String> texts = new ArrayList<>();
            for (InetAddress address : addresses) {
                String text = address.getHostAddress();
                int scope = text.indexOf('%');
                if (texts.size() < MAX_ADDRESSES) texts.add(scope < 0 ? text : text.substring(0, scope));
            }
            return answer(texts);
        }

        /** The library asks the system's resolver. */
        public boolean askSystem() {
            return isTaken(Native.resolved(handle, null));
        }

        /** For both kinds of questions. */
        static boolean isTaken(int result) {
            return result != ErrorCode.BAD_HANDLE.number && WebSocketException.check(result) == 0;
        }
    }
}
