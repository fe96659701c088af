package org.egret.websocket;

import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * Says to which hosts a loop may connect without TLS, by {@code ws://}. Android has a policy of its own, from the app's Network Security
 * Config, which is the default there. See {@link LoopOptions.Builder#cleartextPolicy}.
 */
public interface CleartextPolicy {
    /** Every host. */
    @NotNull CleartextPolicy PERMITTED = new CleartextPolicy() {
        @Override
        public boolean isCleartextPermitted(@Nullable String host) {
            return true;
        }
    };

    /**
     * Whether the host may be reached without TLS. Called by {@link WebSocketLoop#connect} and
     * {@link RequestHook.Request#setUrl}, on their thread, for {@code ws://} only.
     *
     * @param host the host of the URL, in lower case, an IPv6 address without brackets and zone, a name without a dot at its end; null:
     *     whether all hosts may be. If not, redirects to {@code ws://} are refused
     */
    boolean isCleartextPermitted(@Nullable String host);
}
