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
        /** Connect, unless the last answer needs another request (HTTP 401, 403, 404, 407, 410). */
        CONTINUE(0),
        /** Connect, also after one of these answers. */
        CONNECT(1),
        /** Wait, at most for the time {@code openTimeout}. After {@link WebSocket#retryNow}, the hook is called again. */
        WAIT(2),
        /** Do not connect. {@code onClose} follows. */
        STOP(3);

        final int number;

        Action(int number) {
            this.number = number;
        }
    }

    /**
     * Runs inside {@link WebSocketLoop#poll()}, like a listener. If it throws, it is reported like an exception of a
     * listener, and the attempt stops: {@code onClose} reports {@link ErrorCode#ABORTED}, and its message contains the exception.
     */
    @NotNull Action onRequest(@NotNull WebSocket socket, @NotNull Request request);

    /**
     * The request of an attempt. It is valid until {@link #onRequest} returns. Changes apply to this attempt and all later
     * ones.
     */
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

        /** Returns 0 for the first attempt, then the number of the attempt in {@code onRetry}. */
        public int getAttempt() {
            return attempt;
        }

        /** Returns the end of the last attempt or connection; null at the first attempt. */
        public @Nullable CloseInfo getLast() {
            return last;
        }

        /** Connects to another URL. Headers and other options stay: change those that the new server must not get. */
        public void setUrl(@NotNull String url) {
            Cleartext.check(cleartextPolicy, url, -1);
            WebSocketException.check(Native.requestSetUrl(handle, Options.withoutNul("url", url)));
        }

        /** Replaces all headers with this name by one with this value; null removes them. */
        public void setHeader(@NotNull String name, @Nullable String value) {
            Options.withoutNul("name", name);
            WebSocketException.check(Native.requestSetHeader(handle, name, Options.withoutNul("value", value)));
        }

        /** Replaces the subprotocols from which the server may choose. */
        public void setSubprotocols(@NotNull List<String> list) {
            String joined = Options.withoutNul("subprotocols", Options.joined("subprotocols", list));
            WebSocketException.check(Native.requestSetSubprotocols(handle, joined));
        }

        /** Like {@link #setSubprotocols(List)}. */
        public void setSubprotocols(@NotNull String... list) {
            setSubprotocols(Arrays.asList(list));
        }

        /**
         * Replaces the addresses of {@link WebSocketOptions.Builder#addresses}. An empty list removes them; then the name is
         * looked up. {@link #setUrl} with another origin also removes them, so set them after it.
         */
        public void setAddresses(@NotNull List<String> list) {
            String joined = Options.withoutNul("addresses", Options.joined("addresses", list));
            WebSocketException.check(Native.requestSetAddresses(handle, joined));
        }

        /** Like {@link #setAddresses(List)}. */
        public void setAddresses(@NotNull String... list) {
            setAddresses(Arrays.asList(list));
        }
    }
}
