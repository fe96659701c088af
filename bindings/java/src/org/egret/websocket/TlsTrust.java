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
 * Keeps the certificates of the server for the session whose handshake runs on this thread, and asks one or two trust managers: that of
 * {@code tls_roots} if the platform's knows no authority for the certificate. Without any it accepts every certificate.
 */
final class TlsTrust implements X509TrustManager {
    /** The session whose handshake runs on this thread. */
    static final ThreadLocal<TlsSession> SESSION = new ThreadLocal<>();

    private final X509TrustManager platform;
    private final X509TrustManager roots;

    private TlsTrust(X509TrustManager platform, X509TrustManager roots) {
        this.platform = platform;
        this.roots = roots;
    }

    /**
     * A trust manager for a context, of the managers that are not null. It is extended if the others are, and then they compare the name of
     * the server. Else OpenJDK does when this has returned; Android does not, see {@link TlsSession#checkName}.
     */
    static TrustManager of(X509TrustManager platform, X509TrustManager roots) {
        TlsTrust trust = new TlsTrust(platform, roots);
        boolean isExtended = TlsPlatform.HAS_EXTENDED_TRUST && isExtended(platform) && isExtended(roots);
        return isExtended ? new TlsExtendedTrust(trust) : trust;
    }

    static boolean isExtended(X509TrustManager manager) {
        return manager == null || (TlsPlatform.HAS_EXTENDED_TRUST && TlsExtendedTrust.isExtended(manager));
    }

    /** Without an engine the managers are not extended ones. */
    void check(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        TlsSession session = SESSION.get();
        if (session != null) session.isChecked(chain);
        if (platform == null && roots == null) return;
        if (platform == null) {
            askRoots(chain, authType, engine);
        } else {
            try {
                ask(platform, chain, authType, engine);
            } catch (CertificateException refused) {
                if (roots == null || !TlsFailure.isOfUnknownIssuer(refused)) throw refused;
                askRoots(chain, authType, engine);
            }
        }
        // Before this side sends its own certificate.
        if (session != null) session.checkName(chain[0]);
    }

    /** The managers of the platforms accept a server's certificate that is one of the roots without a look at its dates. */
    private void askRoots(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        ask(roots, chain, authType, engine);
        chain[0].checkValidity();
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
        for (X509TrustManager manager : new X509TrustManager[] {platform, roots}) {
            X509Certificate[] issuers = manager == null ? null : manager.getAcceptedIssuers(); // null is not allowed, but usual
            if (issuers != null) all.addAll(Arrays.asList(issuers));
        }
        return all.toArray(new X509Certificate[0]);
    }
}
