package android.content;

import android.os.Looper;

/** A stub. */
public abstract class Context {
    public static final String CONNECTIVITY_SERVICE = "connectivity";

    public abstract Object getSystemService(String name);

    public Context getApplicationContext() {
        return this;
    }

    /** Returns the Looper of the test's thread. */
    public Looper getMainLooper() {
        return Looper.myLooper();
    }
}
