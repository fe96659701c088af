package org.egret.websocket;

import java.io.IOException;
import org.jetbrains.annotations.NotNull;

/**
 * Changes the descriptor of a TCP connection before it connects, for example by Android's {@code VpnService.protect}. Called for each
 * address that is tried, those of proxies too. See {@link LoopOptions.Builder#socketHook}.
 */
public interface SocketHook {
    /**
     * Returns true to connect, and false to refuse the address: then the next one is tried, and the error of the last one is
     * {@link ErrorCode#CONNECT}. It may block: only the connection waits, for at most
     * {@link WebSocketOptions.Builder#connectTimeoutMillis}, and other addresses are tried in the meantime.
     *
     * @param descriptor a file descriptor that is not connected and does not block. It stays open until the hook returns. Do not close,
     *     connect or keep it.
     * @throws IOException refuses the address. It is logged. Any other exception has the same effect, and is reported as those of
     *     listeners are.
     */
    boolean onSocket(@NotNull WebSocket socket, int descriptor) throws IOException;
}
