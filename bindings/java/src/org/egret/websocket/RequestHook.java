package org.egret.websocket;

import java.util.Arrays;
import java.util.List;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * Called before each attempt to connect, to change its request: for example to replace an expired token before a retry. See
 * {@link WebSocketOptions.Builder#requestHook}.
 */
public interface RequestHook {
    /** The next step of the attempt. */
    enum Action {
        /** Connect; but not after an answer that needs another request (HTTP 401, 403, 404, 407, 410). */
        CONTINUE(0),
        /** Connect, also after such an answer. */
        CONNECT(1),
        /** Not ready yet: {@link WebSocket#retryNow} has the hook called again. At most for the time {@code openTimeout}. */
        WAIT(2),
        /** No connection; {@code onClose} follows. */
        STOP(3);

        final int number;

        Action(int number) {
            this.number = number;
        }
    }

    /**
     * Runs inside {@link WebSocketLoop#poll()}, as a listener does. If it throws, the exception is reported as that of a listener,
     * and the attempt stops.
     */
    @NotNull Action onRequest(@NotNull WebSocket socket, @NotNull Request request);

    /** The request of an attempt, until {@link #onRequest} returns. Changes hold for this attempt and all later ones. */
    final class Request {
        private final long handle;
        private final int attempt;
        private final CloseInfo last;

        private final CleartextPolicy cleartextPolicy;

        Request(long handle, int attempt, CloseInfo last, CleartextPolicy cleartextPolicy) {
            this.cleartextPolicy = cleartextPolicy;
            this.handle = handle;
            this.attempt = attempt;
            this.last = last;
        }

        /** 0 for the first attempt, then as {@code onRetry} has counted it. */
        public int getAttempt() {
            return attempt;
        }

        /** The end of the last attempt or connection; null at the first attempt. */
        public @Nullable CloseInfo getLast() {
            return last;
        }

        /** Connects to another URL. Headers and other options stay: change those that its server must not get. */
        public void setUrl(@NotNull String url) {
            Cleartext.check(cleartextPolicy, url, -1);
            WebSocketException.check(Native.requestSetUrl(handle, Options.withoutNul("url", url)));
        }

        /** Replaces all headers of this name by one with this value; null removes them. */
        public void setHeader(@NotNull String name, @Nullable String value) {
            Options.withoutNul("name", name);
            WebSocketException.check(Native.requestSetHeader(handle, name, Options.withoutNul("value", value)));
        }

        /** Replaces the subprotocols that the server may choose from. */
        public void setSubprotocols(@NotNull List<String> list) {
            String joined = Options.withoutNul("subprotocols", Options.joined("subprotocols", list));
            WebSocketException.check(Native.requestSetSubprotocols(handle, joined));
        }

        /** As {@link #setSubprotocols(List)}. */
        public void setSubprotocols(@NotNull String... list) {
            setSubprotocols(Arrays.asList(list));
        }

        /**
         * Replaces the addresses of {@link WebSocketOptions.Builder#addresses}. An empty list removes them: the name is looked up.
         * {@link #setUrl} with another origin removes them too, so set them after it.
         */
        public void setAddresses(@NotNull List<String> list) {
            String joined = Options.withoutNul("addresses", Options.joined("addresses", list));
            WebSocketException.check(Native.requestSetAddresses(handle, joined));
        }

        /** As {@link #setAddresses(List)}. */
        public void setAddresses(@NotNull String... list) {
            setAddresses(Arrays.asList(list));
        }
    }
}
