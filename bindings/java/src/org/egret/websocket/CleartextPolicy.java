package org.egret.websocket;

import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * Decides to which hosts a loop may connect without TLS ({@code ws://}). On Android the default is Android's own policy, from
 * the app's Network Security Config. See {@link LoopOptions.Builder#cleartextPolicy}.
 */
public interface CleartextPolicy {
    /** Permits every host. */
    @NotNull CleartextPolicy PERMITTED = new CleartextPolicy() {
        @Override
        public boolean isCleartextPermitted(@Nullable String host) {
            return true;
        }
    };

    /**
     * Returns whether a connection to the host may have no TLS. {@link WebSocketLoop#connect} and
     * {@link RequestHook.Request#setUrl} call it, on their thread, only for {@code ws://}.
     *
     * @param host the host of the URL, in lower case; an IPv6 address has no brackets and no zone, and a name has no dot at its
     *     end. Null asks whether all hosts are permitted; if not, redirects to {@code ws://} are refused
     */
    boolean isCleartextPermitted(@Nullable String host);
}
