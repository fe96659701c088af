package android.app;

import android.content.Context;
import android.net.ConnectivityManager;
import android.os.Bundle;
import java.util.ArrayList;
import java.util.List;

/** A stub. The test starts and stops activities. */
public class Application extends Context {
    public interface ActivityLifecycleCallbacks {
        void onActivityCreated(Activity activity, Bundle state);

        void onActivityStarted(Activity activity);

        void onActivityResumed(Activity activity);

        void onActivityPaused(Activity activity);

        void onActivityStopped(Activity activity);

        void onActivitySaveInstanceState(Activity activity, Bundle state);

        void onActivityDestroyed(Activity activity);
    }

    public final ConnectivityManager connectivity = new ConnectivityManager();
    public final List<ActivityLifecycleCallbacks> callbacks = new ArrayList<>();

    @Override
    public Object getSystemService(String name) {
        return name.equals(CONNECTIVITY_SERVICE) ? connectivity : null;
    }

    public void registerActivityLifecycleCallbacks(ActivityLifecycleCallbacks added) {
        callbacks.add(added);
    }

    public void unregisterActivityLifecycleCallbacks(ActivityLifecycleCallbacks removed) {
        callbacks.remove(removed);
    }

    public void start(Activity activity) {
        for (ActivityLifecycleCallbacks one : new ArrayList<>(callbacks)) {
            one.onActivityStarted(activity);
            one.onActivityResumed(activity);
        }
    }

    public void pause(Activity activity) {
        for (ActivityLifecycleCallbacks one : new ArrayList<>(callbacks)) one.onActivityPaused(activity);
    }

    public void stop(Activity activity) {
        pause(activity);
        for (ActivityLifecycleCallbacks one : new ArrayList<>(callbacks)) one.onActivityStopped(activity);
    }
}
