package org.egret.websocket.android;

import android.net.VpnService;
import org.egret.websocket.SocketHook;
import org.egret.websocket.WebSocket;
import org.jetbrains.annotations.NotNull;

/** Keeps the connections of a VPN app out of its own VPN, by {@link VpnService#protect}: set it as {@code socketHook} of a loop. */
public final class VpnProtection implements SocketHook {
    private final VpnService service;

    /** Protects with this service. It is not used any more when the loop has ended. */
    public VpnProtection(@NotNull VpnService service) {
        this.service = service;
    }

    @Override
    public boolean onSocket(@NotNull WebSocket socket, int descriptor) {
        return service.protect(descriptor);
    }
}
