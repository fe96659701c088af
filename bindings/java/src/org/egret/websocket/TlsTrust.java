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
 * Stores the certificates of the server in the session whose handshake runs on this thread, and calls the platform's trust
 * manager. If that knows no authority for the certificate, the trust manager of {@code tls_roots} is called. Without a trust
 * manager every certificate is accepted.
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
     * Returns a trust manager for a context that calls the managers that are not null. It is an extended one if they are; then they
     * compare the name of the server. Otherwise OpenJDK compares it after this has returned; Android does not, see
     * {@link TlsSession#checkName}.
     */
    static TrustManager of(X509TrustManager platform, X509TrustManager roots) {
        TlsTrust trust = new TlsTrust(platform, roots);
        boolean isExtended = TlsPlatform.HAS_EXTENDED_TRUST && isExtended(platform) && isExtended(roots);
        return isExtended ? new TlsExtendedTrust(trust) : trust;
    }

    static boolean isExtended(X509TrustManager manager) {
        return manager == null || (TlsPlatform.HAS_EXTENDED_TRUST && TlsExtendedTrust.isExtended(manager));
    }

    /** If {@code engine} is null, the managers are not extended ones. */
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
        // This is before this side sends its own certificate.
        if (session != null) session.checkName(chain[0]);
    }

    /** Also checks the dates, because the platforms do not check them if the server's certificate is itself one of the roots. */
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
        throw new CertificateException("this side is not a server");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        List<X509Certificate> all = new ArrayList<>();
        for (X509TrustManager manager : new X509TrustManager[] {platform, roots}) {
            X509Certificate[] issuers = manager == null ? null : manager.getAcceptedIssuers(); // null is not allowed, but common
            if (issuers != null) all.addAll(Arrays.asList(issuers));
        }
        return all.toArray(new X509Certificate[0]);
    }
}
