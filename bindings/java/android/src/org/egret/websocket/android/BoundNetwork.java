package org.egret.websocket.android;

import android.net.Network;
import android.os.Build;
import android.os.ParcelFileDescriptor;
import java.io.IOException;
import org.egret.websocket.ResolveHook;
import org.egret.websocket.SocketHook;
import org.egret.websocket.WebSocket;
import org.jetbrains.annotations.NotNull;

/**
 * Connects through one network, such as mobile data while Wi-Fi is the default. Set it as {@code resolveHook} and as
 * {@code socketHook} of a loop. It looks up names on this network ({@link Network#getAllByName}), and binds descriptors to it
 * ({@link Network#bindSocket}). When the network is lost, attempts to connect fail.
 */
public final class BoundNetwork implements ResolveHook, SocketHook {
    /** The first API level that can bind descriptors. */
    private static final int BINDS_DESCRIPTORS = 23;

    private final Network network;

    /** Needs Android 6 (API 23). Throws an {@link UnsupportedOperationException} on an older version. */
    public BoundNetwork(@NotNull Network network) {
        if (Build.VERSION.SDK_INT < BINDS_DESCRIPTORS)
            throw new UnsupportedOperationException("Network.bindSocket of a descriptor needs Android 6 (API 23)");
        this.network = network;
    }

    @Override
    public void onResolve(@NotNull WebSocket socket, @NotNull String host, @NotNull ResolveHook.Query query) throws IOException {
        query.answer(network.getAllByName(host));
    }

    /** Binds a copy of the descriptor, which refers to this socket. Closing the copy does not close the socket. */
    @Override
    public boolean onSocket(@NotNull WebSocket socket, int descriptor) throws IOException {
        try (ParcelFileDescriptor copy = ParcelFileDescriptor.fromFd(descriptor)) {
            network.bindSocket(copy.getFileDescriptor());
        }
        return true;
    }
}
