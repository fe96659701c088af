package android.net;

import android.os.Build;
import java.util.ArrayList;
import java.util.List;

/** A stub. The test makes networks available. */
public class ConnectivityManager {
    public static class NetworkCallback {
        public void onAvailable(Network network) {}

        public void onLost(Network network) {}
    }

    public final List<NetworkCallback> callbacks = new ArrayList<>();
    public NetworkInfo active;

    public void registerNetworkCallback(NetworkRequest request, NetworkCallback callback) {
        callbacks.add(callback);
    }

    public void registerDefaultNetworkCallback(NetworkCallback callback) {
        if (Build.VERSION.SDK_INT < 24) throw new NoSuchMethodError("registerDefaultNetworkCallback");
        callbacks.add(callback);
    }

    public NetworkInfo getActiveNetworkInfo() {
        return active;
    }

    public void unregisterNetworkCallback(NetworkCallback callback) {
        if (!callbacks.remove(callback)) throw new IllegalArgumentException("NetworkCallback was not registered");
    }

    public void available(Network network) {
        for (NetworkCallback callback : callbacks) callback.onAvailable(network);
    }

    public void lost(Network network) {
        for (NetworkCallback callback : callbacks) callback.onLost(network);
    }
}
