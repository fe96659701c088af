package org.egret.websocket.android;

import android.net.ConnectivityManager;
import android.net.Network;
import android.net.NetworkCapabilities;
import android.net.NetworkInfo;
import android.net.NetworkRequest;
import android.os.Build;
import android.os.Handler;
import java.lang.reflect.InvocationTargetException;
import org.egret.websocket.LoopLifecycle;

/** Passes events about the default network, which arrive on a thread of the system, to a lifecycle on its thread. */
final class NetworkWatch extends ConnectivityManager.NetworkCallback {
    /** The first API level with a callback for the default network. */
    private static final int HAS_DEFAULT = 24;

    private final LoopLifecycle lifecycle;
    private final ConnectivityManager manager;
    private final Handler handler;
    private boolean closed;

    NetworkWatch(LoopLifecycle lifecycle, ConnectivityManager manager, Handler handler) {
        this.lifecycle = lifecycle;
        this.manager = manager;
        this.handler = handler;
        if (manager.getActiveNetworkInfo() == null) lifecycle.networkLost();
        if (Build.VERSION.SDK_INT >= HAS_DEFAULT) {
            registerDefault();
        } else {
            NetworkRequest.Builder any = new NetworkRequest.Builder();
            manager.registerNetworkCallback(any.addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET).build(), this);
        }
    }

    /** Calls the method by its name, because the classes are compiled for an older Android. */
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
        report(identity(network));
    }

    @Override
    public void onLost(Network network) {
        report(Build.VERSION.SDK_INT >= HAS_DEFAULT ? null : identity(network));
    }

    /**
     * Returns the default network; before Android 7 its type, such as Wi-Fi, because there the events are about all networks. Null:
     * none.
     */
    private Object identity(Network network) {
        if (Build.VERSION.SDK_INT >= HAS_DEFAULT) return network;
        NetworkInfo active = manager.getActiveNetworkInfo();
        return active == null ? null : (Object) active.getType();
    }

    /** Reports the network; null: there is none. */
    private void report(final Object network) {
        handler.post(new Runnable() {
            @Override
            public void run() {
                if (lifecycle.isClosed()) close();
                else if (network == null) lifecycle.networkLost();
                else lifecycle.networkAvailable(network);
            }
        });
    }

    void close() {
        if (closed) return;
        closed = true;
        manager.unregisterNetworkCallback(this);
    }
}
