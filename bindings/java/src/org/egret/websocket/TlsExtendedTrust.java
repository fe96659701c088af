package org.egret.websocket;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/** {@link TlsTrust} for platforms with extended trust managers. It is a separate class, because an old Android cannot load it. */
final class TlsExtendedTrust extends X509ExtendedTrustManager {
    private final TlsTrust trust;

    TlsExtendedTrust(TlsTrust trust) {
        this.trust = trust;
    }

    static boolean isExtended(X509TrustManager manager) {
        return manager instanceof X509ExtendedTrustManager;
    }

    static void ask(X509TrustManager manager, X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        ((X509ExtendedTrustManager) manager).checkServerTrusted(chain, authType, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        trust.check(chain, authType, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        throw new CertificateException("there is no socket");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("the host is missing"); // otherwise the host would not be checked
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        trust.checkClientTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        trust.checkClientTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        trust.checkClientTrusted(chain, authType);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return trust.getAcceptedIssuers();
    }
}
