package org.egret.websocket.android;

import android.app.Activity;
import android.app.Application;
import android.content.Context;
import android.net.ConnectivityManager;
import android.os.Bundle;
import android.os.Handler;
import java.util.HashSet;
import java.util.Set;
import org.egret.websocket.LoopLifecycle;
import org.egret.websocket.WebSocketLoop;
import org.jetbrains.annotations.NotNull;

/**
 * Calls a loop's {@code suspend}, {@code resume} and {@code networkChanged} for an app. It does not poll: see {@link LooperDriver}.
 *
 * <p>The loop is suspended when the app's last activity has stopped, because from then on the system may freeze the process. It is
 * not suspended when an activity is only paused (a dialog or a split screen, where it is still visible), or when it is created
 * again for another configuration (a rotation). The network has changed when the system's default network is different from the
 * previous one; {@link LoopLifecycle} describes the rules.
 *
 * <p>Create, call and close it on the main thread. It also ends after its loop was closed, at the next event of the system.
 */
public final class AppLifecycle implements AutoCloseable {
    private final Application application;
    private final Handler handler;
    private final LoopLifecycle lifecycle;
    private final NetworkWatch network;
    private final Set<Activity> started = new HashSet<>();
    private final Application.ActivityLifecycleCallbacks activities = new Application.ActivityLifecycleCallbacks() {
        @Override
        public void onActivityStarted(Activity activity) {
            if (hasEnded()) return;
            started.add(activity);
            lifecycle.resume();
        }

        @Override
        public void onActivityStopped(Activity activity) {
            started.remove(activity);
            if (!hasEnded() && started.isEmpty() && !activity.isChangingConfigurations()) lifecycle.suspend();
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

    private AppLifecycle(Context context, WebSocketLoop loop, Application application) {
        this.application = application;
        handler = new Handler(context.getMainLooper());
        lifecycle = new LoopLifecycle(loop, new LoopLifecycle.Timer() {
            @Override
            public void schedule(@NotNull Runnable task, long delayMillis) {
                handler.postDelayed(task, delayMillis);
            }

            @Override
            public void cancel(@NotNull Runnable task) {
                handler.removeCallbacks(task);
            }
        });
        network = new NetworkWatch(lifecycle, (ConnectivityManager) context.getSystemService(Context.CONNECTIVITY_SERVICE), handler);
        if (application != null) application.registerActivityLifecycleCallbacks(activities);
    }

    /** Follows the activities and the network. Call it, for example, in {@code onCreate} of the application or of an activity. */
    public static @NotNull AppLifecycle follow(@NotNull Application application, @NotNull WebSocketLoop loop) {
        return new AppLifecycle(application, loop, application);
    }

    /**
     * Follows only the network, for a service or an engine with its own lifecycle. Then call {@link #suspend} and
     * {@link #resume} of this object.
     */
    public static @NotNull AppLifecycle followNetwork(@NotNull Context context, @NotNull WebSocketLoop loop) {
        return new AppLifecycle(context.getApplicationContext(), loop, null);
    }

    /** The app goes to the background. A second call does nothing. */
    public void suspend() {
        if (!hasEnded()) lifecycle.suspend();
    }

    /** The app is in the foreground again. Does nothing if it is not suspended. */
    public void resume() {
        if (!hasEnded()) lifecycle.resume();
    }

    /** Stops following. The loop stays as it is. A second call does nothing. */
    @Override
    public void close() {
        if (application != null) application.unregisterActivityLifecycleCallbacks(activities);
        network.close();
        lifecycle.close();
        started.clear();
    }

    private boolean hasEnded() {
        if (!lifecycle.isClosed()) return false;
        close();
        return true;
    }
}
