package org.egret.websocket;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** A context of the provider, for sockets with equal settings. It keeps the TLS sessions of their connections. */
final class TlsContext {
    /** The maximum number of destinations whose sessions are separated by a number. */
    private static final int MAX_DESTINATIONS = 1000;
    /** The numbers are unique in all contexts, because several of them may use one context of the program. */
    private static final AtomicInteger CACHE_NUMBERS = new AtomicInteger();
    /** The numbers of connections that resume no session, and keep none. */
    private static final AtomicInteger SINGLE_NUMBERS = new AtomicInteger();
    /** The numbers have 16 bits. */
    private static final int HALF_OF_NUMBERS = 1 << 15;

    private final KeyManager[] keyManagers;
    private final TrustManager[] trustManagers;
    private final String[] protocols;
    private final String alpn;
    /** Whether the sessions belong to the program's own context. */
    final boolean isGiven;
    private final SSLContext shared;
    private final Map<String, Integer> cacheNumbers = new HashMap<>();
    final boolean acceptsAny;

    /** C has already checked that a context of the program gets no settings that it cannot have. */
    TlsContext(PlatformTls tls, int minVersion, byte[] roots, boolean onlyTheseRoots, boolean acceptsAny, byte[] identity,
            String password, String alpn) throws TlsException {
        this.alpn = alpn;
        this.acceptsAny = acceptsAny;
        isGiven = tls.context != null;
        if (isGiven) {
            keyManagers = null;
            trustManagers = null;
            shared = tls.context;
        } else {
            keyManagers = identity == null ? tls.keyManagers : new KeyManager[] {identity(identity, password)};
            X509TrustManager added = roots == null || roots.length == 0 || acceptsAny ? null : managerOf(roots);
            if (onlyTheseRoots && added == null && !acceptsAny)
                throw new TlsException(ErrorCode.TLS_OPTIONS, "only the certificates in `tls_roots` are trusted, but it is empty");
            trustManagers = new TrustManager[] {TlsTrust.of(acceptsAny || onlyTheseRoots ? null : trustManager(tls), added)};
            shared = newContext();
        }
        protocols = protocols(minVersion);
    }

    private SSLContext newContext() throws TlsException {
        try {
            SSLContext fresh = SSLContext.getInstance("TLS");
            fresh.init(keyManagers, trustManagers, null);
            return fresh;
        } catch (GeneralSecurityException failed) {
            throw new TlsException(ErrorCode.TLS_OPTIONS, "the platform has no TLS: " + TlsFailure.text(failed));
        }
    }

    private String[] protocols(int minVersion) throws TlsException {
        List<String> supported = Arrays.asList(shared.getSupportedSSLParameters().getProtocols());
        boolean has13 = supported.contains("TLSv1.3");
        boolean with12 = minVersion < WebSocketOptions.TLS_1_3 && supported.contains("TLSv1.2");
        if (has13) return with12 ? new String[] {"TLSv1.3", "TLSv1.2"} : new String[] {"TLSv1.3"};
        if (with12) return new String[] {"TLSv1.2"};
        throw new TlsException(ErrorCode.TLS_OPTIONS, "the platform supports none of the TLS versions: it supports " + supported);
    }

    private static X509TrustManager trustManager(PlatformTls tls) throws TlsException {
        if (tls.trustManager != null) return tls.trustManager;
        try {
            return managerOf((KeyStore) null);
        } catch (GeneralSecurityException failed) {
            throw new TlsException(ErrorCode.TLS_OPTIONS,
                    "the certificates of the platform cannot be read: " + TlsFailure.text(failed));
        }
    }

    /** Returns a trust manager for these authorities; null: those of the platform. */
    private static X509TrustManager managerOf(KeyStore authorities) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(authorities);
        for (TrustManager manager : factory.getTrustManagers())
            if (manager instanceof X509TrustManager) return (X509TrustManager) manager;
        throw new CertificateException("there is no X509TrustManager");
    }

    private static X509TrustManager managerOf(byte[] pem) throws TlsException {
        try {
            KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
            authorities.load(null, null);
            String text = new String(pem, StandardCharsets.ISO_8859_1);
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            int count = 0;
            for (int at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at + 1)) {
                int end = text.indexOf(END, at);
                if (end < 0) throw new CertificateException("a certificate is cut");
                byte[] block = text.substring(at, end + END.length()).concat("\n").getBytes(StandardCharsets.ISO_8859_1);
                Certificate certificate = factory.generateCertificate(new ByteArrayInputStream(block));
                authorities.setCertificateEntry("authority " + count++, certificate);
            }
            if (count == 0) throw new CertificateException("there is no certificate in PEM");
            return managerOf(authorities);
        } catch (GeneralSecurityException | IOException | RuntimeException failed) {
            throw new TlsException(ErrorCode.TLS_OPTIONS, "`tls_roots` cannot be used: " + TlsFailure.text(failed));
        }
    }

    private static final String BEGIN = "-----BEGIN CERTIFICATE-----";
    private static final String END = "-----END CERTIFICATE-----";

    private static TlsIdentity identity(byte[] pkcs12, String password) throws TlsException {
        char[] secret = password.toCharArray();
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(new ByteArrayInputStream(pkcs12), secret);
            for (String alias : Collections.list(store.aliases())) {
                if (!store.isKeyEntry(alias)) continue;
                PrivateKey key = (PrivateKey) store.getKey(alias, secret);
                Certificate[] chain = store.getCertificateChain(alias);
                if (chain != null) return new TlsIdentity(key, Arrays.copyOf(chain, chain.length, X509Certificate[].class));
            }
            throw new IOException("it has no private key with a certificate");
        } catch (GeneralSecurityException | IOException | RuntimeException failed) {
            if (isWrongPassword(failed))
                throw new TlsException(ErrorCode.TLS_OPTIONS, "`tls_identity_password` is not the password of `tls_identity`");
            throw new TlsException(ErrorCode.TLS_OPTIONS, "`tls_identity` cannot be used: " + TlsFailure.text(failed));
        } finally {
            Arrays.fill(secret, '\0');
        }
    }

    /** Android's PKCS#12 reports this only in the text of the exception. */
    private static boolean isWrongPassword(Exception failed) {
        String message = failed.getMessage();
        return failed.getCause() instanceof UnrecoverableKeyException
                || (message != null && message.toLowerCase(Locale.ROOT).contains("wrong password"));
    }

    /**
     * Returns an engine for a destination, with its settings.
     *
     * @param resumes false: no session is resumed or kept
     */
    SSLEngine engine(String name, String host, int port, boolean isProxy, boolean resumes) throws TlsException {
        SSLContext context = resumes || isGiven ? shared : newContext();
        SSLEngine engine = context.createSSLEngine(name, port + (cacheNumber(name, host, isProxy, resumes) << 16));
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(protocols);
        if (!isAddress(name)) TlsPlatform.setServerName(parameters, name);
        if (!acceptsAny) TlsPlatform.checkServerName(parameters);
        if (alpn != null) TlsPlatform.setAlpn(parameters, alpn);
        engine.setSSLParameters(parameters);
        return engine;
    }

    /**
     * Returns a number for the upper bits of the port. The platform stores sessions by the name and the port of an engine, and
     * uses the port for nothing else. So these numbers separate sessions that the platform would mix: sessions of a proxy, of
     * a host with another name, and, in the program's own context, sessions with other settings.
     */
    private synchronized int cacheNumber(String name, String host, boolean isProxy, boolean resumes) {
        if (!resumes) return isGiven ? HALF_OF_NUMBERS + (SINGLE_NUMBERS.getAndIncrement() & (HALF_OF_NUMBERS - 1)) : 0;
        if (!isGiven && !isProxy && name.equalsIgnoreCase(host)) return 0;
        String key = (isProxy ? "proxy " : "server ") + name + ' ' + host;
        Integer number = cacheNumbers.get(key);
        if (number != null) return number;
        if (cacheNumbers.size() >= MAX_DESTINATIONS) cacheNumbers.clear();
        cacheNumbers.put(key, number = 1 + (CACHE_NUMBERS.getAndIncrement() & Integer.MAX_VALUE) % (HALF_OF_NUMBERS - 1));
        return number;
    }

    /** Returns whether it is an address. The library passes normalized names and addresses, so a name does not end in a number. */
    static boolean isAddress(String name) {
        char last = name.charAt(name.length() - 1);
        String label = name.substring(name.lastIndexOf('.') + 1);
        return name.indexOf(':') >= 0 || (last >= '0' && last <= '9' && isNumber(label));
    }

    private static boolean isNumber(String label) {
        for (int i = 0; i < label.length(); i++)
            if (label.charAt(i) < '0' || label.charAt(i) > '9') return false;
        return true;
    }

    /** Thrown if the settings cannot be used. */
    static final class TlsException extends Exception {
        private static final long serialVersionUID = 1;

        final transient TlsFailure failure;

        TlsException(ErrorCode error, String message) {
            super(message);
            failure = new TlsFailure(error, message);
        }
    }
}
