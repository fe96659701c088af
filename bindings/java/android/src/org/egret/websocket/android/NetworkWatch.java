package org.egret.websocket.android;

import android.net.ConnectivityManager;
import android.net.Network;
import android.net.NetworkCapabilities;
import android.net.NetworkInfo;
import android.net.NetworkRequest;
import android.os.Build;
import java.lang.reflect.InvocationTargetException;
import org.egret.websocket.WebSocketLoop;

/**
 * Calls {@code networkChanged} when the default network is another one than before. The system calls it on one thread.
 *
 * <p>The first notice is about the network that is in use already. A lost network is no change: the next one that is available is.
 */
final class NetworkWatch extends ConnectivityManager.NetworkCallback {
    /** The first Android with a callback for the default network. */
    private static final int HAS_DEFAULT = 24;

    private final WebSocketLoop loop;
    private final ConnectivityManager manager;
    private boolean closed;
    /** The network in use, as {@link #identity} says; null at first. */
    private Object inUse;

    NetworkWatch(WebSocketLoop loop, ConnectivityManager manager) {
        this.loop = loop;
        this.manager = manager;
        if (Build.VERSION.SDK_INT >= HAS_DEFAULT) {
            registerDefault();
        } else {
            NetworkRequest.Builder any = new NetworkRequest.Builder();
            manager.registerNetworkCallback(any.addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET).build(), this);
        }
    }

    /** By its name, because the classes are compiled for an older Android. */
    private void registerDefault() {
        try {
            ConnectivityManager.class.getMethod("registerDefaultNetworkCallback", ConnectivityManager.NetworkCallback.class)
                    .invoke(manager, this);
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof RuntimeException) throw (RuntimeException) thrown.getCause();
            throw new IllegalStateException(thrown.getCause());
        } catch (ReflectiveOperationException never) {
            throw new IllegalStateException(never);
        }
    }

    @Override
    public void onAvailable(Network network) {
        Object found = identity(network);
        boolean changed = inUse != null && found != null && !inUse.equals(found);
        if (found != null) inUse = found;
        if (changed) loop.networkChanged();
    }

    /** The default network; before Android 7 its type, such as Wi-Fi, because notices come for all networks. Null: none. */
    private Object identity(Network network) {
        if (Build.VERSION.SDK_INT >= HAS_DEFAULT) return network;
        NetworkInfo active = manager.getActiveNetworkInfo();
        return active == null ? null : (Object) active.getType();
    }

    void close() {
        if (closed) return;
        closed = true;
        manager.unregisterNetworkCallback(this);
    }
}
