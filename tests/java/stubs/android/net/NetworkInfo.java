package android.net;

/** A stub. */
public class NetworkInfo {
    private final int type;

    public NetworkInfo(int type) {
        this.type = type;
    }

    public int getType() {
        return type;
    }
}
