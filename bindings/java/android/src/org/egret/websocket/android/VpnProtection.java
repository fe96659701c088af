package org.egret.websocket.android;

import android.net.VpnService;
import org.egret.websocket.SocketHook;
import org.egret.websocket.WebSocket;
import org.jetbrains.annotations.NotNull;

/**
 * Keeps the connections of a VPN app outside its own VPN, with {@link VpnService#protect}. Set it as {@code socketHook} of a
 * loop.
 */
public final class VpnProtection implements SocketHook {
    private final VpnService service;

    /** Protects with this service. After the end of the loop, the service is no longer used. */
    public VpnProtection(@NotNull VpnService service) {
        this.service = service;
    }

    @Override
    public boolean onSocket(@NotNull WebSocket socket, int descriptor) {
        return service.protect(descriptor);
    }
}
