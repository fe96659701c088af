package org.egret.websocket.android;

import android.app.Activity;
import android.app.Application;
import android.content.Context;
import android.net.ConnectivityManager;
import android.os.Bundle;
import java.util.HashSet;
import java.util.Set;
import org.egret.websocket.WebSocketLoop;
import org.jetbrains.annotations.NotNull;

/**
 * Calls a loop's {@code suspend}, {@code resume} and {@code networkChanged} for an app. It does not poll: see {@link LooperDriver}.
 *
 * <p>The loop is suspended when the app's last activity has stopped, because the system may freeze the process from then on. It is
 * not suspended when an activity is only paused (a dialog, a split screen: it is visible still), nor when it is made again for
 * another configuration (a rotation). The network has changed when the system's default network is another one than before.
 *
 * <p>Make and close it on the main thread. It ends with its loop too, at the next start or stop of an activity.
 */
public final class AppLifecycle implements AutoCloseable {
    private final Application application;
    private final WebSocketLoop loop;
    private final NetworkWatch network;
    private final Set<Activity> started = new HashSet<>();
    private boolean suspended;
    private final Application.ActivityLifecycleCallbacks activities = new Application.ActivityLifecycleCallbacks() {
        @Override
        public void onActivityStarted(Activity activity) {
            onStart(activity);
        }

        @Override
        public void onActivityStopped(Activity activity) {
            onStop(activity);
        }

        @Override
        public void onActivityCreated(Activity activity, Bundle state) {}

        @Override
        public void onActivityResumed(Activity activity) {}

        @Override
        public void onActivityPaused(Activity activity) {}

        @Override
        public void onActivitySaveInstanceState(Activity activity, Bundle state) {}

        @Override
        public void onActivityDestroyed(Activity activity) {}
    };

    private AppLifecycle(Application application, WebSocketLoop loop) {
        this.application = application;
        this.loop = loop;
        network = new NetworkWatch(loop,
                (ConnectivityManager) application.getSystemService(Context.CONNECTIVITY_SERVICE));
        application.registerActivityLifecycleCallbacks(activities);
    }

    /** Begins, for example in {@code onCreate} of the application or of an activity. */
    public static @NotNull AppLifecycle follow(@NotNull Application application, @NotNull WebSocketLoop loop) {
        return new AppLifecycle(application, loop);
    }

    /** Ends. The loop stays as it is. A second call does nothing. */
    @Override
    public void close() {
        application.unregisterActivityLifecycleCallbacks(activities);
        network.close();
        started.clear();
    }

    private void onStart(Activity activity) {
        if (hasEnded()) return;
        started.add(activity);
        if (!suspended) return;
        suspended = false;
        loop.resume();
    }

    private void onStop(Activity activity) {
        started.remove(activity);
        if (hasEnded() || !started.isEmpty() || activity.isChangingConfigurations()) return;
        suspended = true;
        loop.suspend();
    }

    private boolean hasEnded() {
        if (loop.isClosed()) close();
        return loop.isClosed();
    }
}
