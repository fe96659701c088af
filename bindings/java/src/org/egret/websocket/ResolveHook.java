package org.egret.websocket;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jetbrains.annotations.NotNull;

/**
 * Finds the addresses of a name, for example with HTTPDNS, DNS over HTTPS, or a cache of the program. Called instead of the
 * system's resolver for the name of a server or a proxy, but not for {@code localhost}, a literal address, or a socket with
 * {@link WebSocketOptions.Builder#addresses}. See {@link LoopOptions.Builder#resolveHook}.
 */
public interface ResolveHook {
    /**
     * Finds the addresses. Answer with a method of {@code query}, inside this call, or later from any thread. It may block:
     * only the connection that needs the answer waits, for at most {@link WebSocketOptions.Builder#resolveTimeoutMillis}.
     *
     * @throws IOException if the name has no address, such as {@link java.net.UnknownHostException}. It is logged. Any other
     *     exception has this effect, too, and is reported like an exception of a listener.
     */
    void onResolve(@NotNull WebSocket socket, @NotNull String host, @NotNull Query query) throws IOException;

    /**
     * The question. It accepts one answer: each method returns false if the question is already answered, or if no connection
     * waits any more, because of a time-out, a close or a change of the network.
     */
    final class Query {
        /** The maximum number of addresses in an answer. */
        private static final int MAX_ADDRESSES = 16;

        private final long handle;

        Query(long handle) {
            this.handle = handle;
        }

        /**
         * Answers with addresses, by the rules of {@link WebSocketOptions.Builder#addresses}: at most 16, each with or without
         * a port. An empty list means that the name has no address. Throws a {@link WebSocketException} for a text that is not
         * an address; then the question is still open.
         */
        public boolean answer(@NotNull List<String> addresses) {
            String joined = Options.withoutNul("addresses", Options.joined("addresses", addresses));
            return isTaken(Native.resolved(handle, joined == null ? "" : joined));
        }

        /** Like {@link #answer(List)}. */
        public boolean answer(@NotNull String... addresses) {
            return answer(Arrays.asList(addresses));
        }

        /** Answers with the first 16 of these addresses, which {@link InetAddress#getAllByName} returns, for example. */
        public boolean answer(@NotNull InetAddress[] addresses) {
            List<String> texts = new ArrayList<>();
            for (InetAddress address : addresses) {
                String text = address.getHostAddress();
                int scope = text.indexOf('%');
                if (texts.size() < MAX_ADDRESSES) texts.add(scope < 0 ? text : text.substring(0, scope));
            }
            return answer(texts);
        }

        /** Answers that the library uses the system's resolver. */
        public boolean askSystem() {
            return isTaken(Native.resolved(handle, null));
        }

        /** Checks the result of an answer, for both kinds of questions. */
        static boolean isTaken(int result) {
            return result != ErrorCode.BAD_HANDLE.number && WebSocketException.check(result) == 0;
        }
    }
}
