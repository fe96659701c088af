package org.egret.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;

/** Tests server names on a platform that does not compare them, such as Android. The servers are engines in this process. */
class TlsNamesTest {
    private static byte[] file(String name) throws Exception {
        return Files.readAllBytes(Paths.get(System.getProperty("files"), name));
    }

    private static X509Certificate certificate(String name) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(file(name)));
    }

    private static void check(String file, boolean expected, String... names) throws Exception {
        for (String name : names) assertEquals(expected, TlsNames.matches(name, certificate(file)), file + " for " + name);
    }

    @Test
    void namesOfCertificates() throws Exception {
        check("right.pem", true, "localhost", "LOCALHOST", "127.0.0.1", "::1", "0:0:0:0:0:0:0:1", "0000::0001");
        check("right.pem", false, "local", "localhost.example", "a.localhost", "127.0.0.2", "127.0.0.11", "::2", "::", "right");
        // These are not addresses in the usual form: Java would read them as 127.0.0.1, or look them up.
        check("right.pem", false, "127.1", "2130706433", "127.0.1", "0127.0.0.1", "127.0.0.01", "a.1", "localhost.1", "256.0.0.1", "127.0.0.1.", "");
        check("names-only.pem", true, "localhost", "any.wild.example", "ANY.Wild.Example");
        // The common name and one of the DNS names are addresses. Neither counts as an address of the certificate.
        check("names-only.pem", false, "127.0.0.1", "wild.example", ".wild.example", "too.many.wild.example", "wild.example.x");
        check("odd-names.pem", true, "deep.wild.example", "dot.example", "my_host.example");
        check("odd-names.pem", false, "a.example", "example", "x", "part.sub.example", "xpart.sub.example", "a.b.double.example", "10.0.0.1", "203.0.113.7");
        check("no-names.pem", false, "no-names", "localhost", "127.0.0.1");
    }

    /** A client and a server that exchange their records. */
    private static final class Pair {
        final Semaphore ready = new Semaphore(0);
        final TlsProvider provider;
        final TlsSession client;
        final SSLEngine server;
        boolean hasClientCertificate;
        boolean isEstablished;
        /** The error and the text of the client. */
        String failure;

        Pair(String protocol, String name, PlatformTls tls, boolean acceptsAny, boolean identifies) throws Exception {
            provider = new TlsProvider(tls, 0, true) {
                @Override
                void ready(long socket) {
                    ready.release();
                }
            };
            byte[] identity = identifies ? file("client.p12") : null;
            Object context = provider.newContext(WebSocketOptions.TLS_1_2, acceptsAny ? null : file("root.pem"), false, acceptsAny, identity,
                    "open sesame", null);
            client = (TlsSession) provider.open((TlsContext) context, name, name, 443, false, true, 7);
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(new ByteArrayInputStream(file("right.p12")), "open sesame".toCharArray());
            keys.init(store, "open sesame".toCharArray());
            SSLContext serverContext = SSLContext.getInstance("TLS");
            serverContext.init(keys.getKeyManagers(), new TrustManager[] {new X509TrustManager() {
                @Override
                public void checkClientTrusted(X509Certificate[] chain, String authType) {
                    hasClientCertificate = true;
                }

                @Override
                public void checkServerTrusted(X509Certificate[] chain, String authType) {}

                @Override
                public X509Certificate[] getAcceptedIssuers() {
                    return new X509Certificate[0];
                }
            }}, null);
            server = serverContext.createSSLEngine();
            server.setUseClientMode(false);
            SSLParameters parameters = server.getSSLParameters();
            parameters.setProtocols(new String[] {protocol});
            parameters.setWantClientAuth(true);
            server.setSSLParameters(parameters);
        }

        /** Records the result of a call. The output is the output of the provider. */
        private byte[] output(long result) {
            int state = (int) (result >> 32);
            byte[] bytes = new byte[(int) result];
            provider.output.clear();
            provider.output.get(bytes);
            if (state < 0) {
                failure = ErrorCode.of(state) + ": " + new String(bytes, java.nio.charset.StandardCharsets.UTF_8);
                return new byte[0];
            }
            isEstablished |= (state & TlsSession.TLS_ESTABLISHED) != 0;
            return bytes;
        }

        private byte[] send() throws Exception {
            byte[] all = output(client.send(0, 20_000));
            if (ready.tryAcquire(20, TimeUnit.SECONDS)) all = output(client.send(0, 20_000));
            return all;
        }

        /** Runs the handshake to its end. */
        Pair shake() throws Exception {
            ByteBuffer toServer = ByteBuffer.allocate(1 << 17);
            ByteBuffer plain = ByteBuffer.allocate(1 << 16);
            toServer.put(send());
            while (failure == null && !isEstablished) {
                toServer.flip();
                try {
                    serve(toServer, plain);
                } catch (SSLException alert) {
                    break;
                }
                toServer.compact();
                ByteBuffer record = ByteBuffer.allocate(1 << 16);
                SSLEngineResult written = server.wrap(ByteBuffer.allocate(0), record);
                if (written.bytesProduced() == 0) continue;
                record.flip();
                while (record.hasRemaining() && failure == null) {
                    byte[] one = new byte[5 + (record.getShort(record.position() + 3) & 0xffff)];
                    record.get(one);
                    provider.input.clear();
                    provider.input.put(one);
                    toServer.put(output(client.receive(one.length, 20_000)));
                    if (ready.tryAcquire(20, TimeUnit.SECONDS)) toServer.put(output(client.send(0, 20_000)));
                }
            }
            toServer.flip();
            try {
                serve(toServer, plain);
            } catch (SSLException alert) {
                // the client has refused
            }
            if (!isEstablished && failure == null) output(client.send(0, 20_000)); // after the alert
            client.free();
            provider.release();
            return this;
        }

        private void serve(ByteBuffer input, ByteBuffer plain) throws SSLException {
            while (true) {
                if (server.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                    for (Runnable task = server.getDelegatedTask(); task != null; task = server.getDelegatedTask()) task.run();
                } else if (server.getHandshakeStatus() == HandshakeStatus.NEED_WRAP || !input.hasRemaining()) {
                    return;
                } else {
                    plain.clear();
                    if (server.unwrap(input, plain).getStatus() != SSLEngineResult.Status.OK) return;
                }
            }
        }
    }

    /** Compares no names, like a trust manager of Android. */
    private static final class AnyName implements X509TrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return null; // many programs return null here
        }
    }

    private static PlatformTls tls() {
        return new PlatformTls.Builder().trustManager(new AnyName()).build();
    }

    /** The TLS session must compare each name, because the program has set a verifier for HTTPS that accepts all names. */
    @Test
    void aServerWithAnotherNameGetsNoCertificate() throws Exception {
        HttpsURLConnection.setDefaultHostnameVerifier((name, session) -> true);
        for (String protocol : new String[] {"TLSv1.2", "TLSv1.3"}) {
            Pair right = new Pair(protocol, "localhost", tls(), false, true).shake();
            assertTrue(right.isEstablished && right.hasClientCertificate, protocol + ": " + right.failure);
            Pair other = new Pair(protocol, "other.example", tls(), false, true).shake();
            assertFalse(other.isEstablished, protocol);
            assertTrue(other.failure.matches("TLS_HOST: (\\(certificate_unknown\\): )?hostname other.example not verified.*"), other.failure);
            assertFalse(other.hasClientCertificate, protocol);
            Pair any = new Pair(protocol, "other.example", tls(), true, true).shake();
            assertTrue(any.isEstablished && any.hasClientCertificate, protocol + ": " + any.failure);
        }
    }
}
