package org.egret.websocket;

import java.io.IOException;
import org.jetbrains.annotations.NotNull;

/**
 * Changes the descriptor of a TCP connection before it connects, for example with Android's {@code VpnService.protect}. Called
 * for each address that is tried, including those of proxies. See {@link LoopOptions.Builder#socketHook}.
 */
public interface SocketHook {
    /**
     * Returns true to connect, and false to refuse the address. Then the next address is tried; if all are refused, the error is
     * {@link ErrorCode#CONNECT}. It may block: only the connection waits, for at most
     * {@link WebSocketOptions.Builder#connectTimeoutMillis}, and other addresses are tried in the meantime.
     *
     * @param descriptor a file descriptor that is not connected and does not block. It stays open until the hook returns. Do
     *     not close, connect or keep it.
     * @throws IOException to refuse the address. It is logged. Any other exception has this effect, too, and is reported like
     *     an exception of a listener.
     */
    boolean onSocket(@NotNull WebSocket socket, int descriptor) throws IOException;
}
