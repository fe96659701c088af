package android.app;

/** A stub whose configuration the test changes. */
public class Activity {
    public boolean changesConfiguration;

    public boolean isChangingConfigurations() {
        return changesConfiguration;
    }
}
