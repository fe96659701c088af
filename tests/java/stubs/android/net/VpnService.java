package android.net;

/** A stub. */
public class VpnService {
    public int protectedDescriptor;
    public boolean answer = true;

    public boolean protect(int descriptor) {
        protectedDescriptor = descriptor;
        return answer;
    }
}
