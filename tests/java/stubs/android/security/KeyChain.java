package android.security;

import android.content.Context;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;

/** A key chain that has at most one key, or that refuses. */
public final class KeyChain {
    public static volatile PrivateKey key;
    public static volatile X509Certificate[] chain;
    public static volatile String refusal;
    public static volatile int reads;

    private KeyChain() {}

    public static PrivateKey getPrivateKey(Context context, String alias) throws KeyChainException, InterruptedException {
        reads++;
        if (refusal != null) throw new KeyChainException(refusal);
        return alias.equals("chosen") ? key : null;
    }

    public static X509Certificate[] getCertificateChain(Context context, String alias) throws KeyChainException, InterruptedException {
        return alias.equals("chosen") ? chain : null;
    }
}
