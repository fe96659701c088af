package org.egret.websocket;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Keeps the certificates of the server for the session whose handshake runs on this thread, and asks one or two trust managers: the
 * second one if the first knows no authority for the certificate. Without any it accepts every certificate.
 */
final class TlsTrust implements X509TrustManager {
    /** The session whose handshake runs on this thread. */
    static final ThreadLocal<TlsSession> SESSION = new ThreadLocal<>();

    private final X509TrustManager first;
    private final X509TrustManager second;

    private TlsTrust(X509TrustManager first, X509TrustManager second) {
        this.first = first;
        this.second = second;
    }

    /**
     * A trust manager for a context. It is extended if the others are, and then they compare the name of the server. Else OpenJDK does
     * when this has returned; Android does not, see {@link TlsSession}.
     */
    static TrustManager of(X509TrustManager first, X509TrustManager second) {
        TlsTrust trust = new TlsTrust(first, second);
        boolean isExtended = TlsPlatform.HAS_EXTENDED_TRUST && isExtended(first) && isExtended(second);
        return isExtended ? new TlsExtendedTrust(trust) : trust;
    }

    static boolean isExtended(X509TrustManager manager) {
        return manager == null || (TlsPlatform.HAS_EXTENDED_TRUST && TlsExtendedTrust.isExtended(manager));
    }

    /** Without an engine the managers are not extended ones. */
    void check(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        TlsSession session = SESSION.get();
        if (session != null) session.isChecked(chain);
        if (first == null) return;
        try {
            ask(first, chain, authType, engine);
        } catch (CertificateException refused) {
            if (second == null || !TlsFailure.isOfUnknownIssuer(refused)) throw refused;
            ask(second, chain, authType, engine);
        }
    }

    private static void ask(X509TrustManager manager, X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        if (engine == null) manager.checkServerTrusted(chain, authType);
        else TlsExtendedTrust.ask(manager, chain, authType, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain, authType, null);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("this side is no server");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        List<X509Certificate> all = new ArrayList<>();
        for (X509TrustManager manager : new X509TrustManager[] {first, second})
            if (manager != null) all.addAll(Arrays.asList(manager.getAcceptedIssuers()));
        return all.toArray(new X509Certificate[0]);
    }
}
