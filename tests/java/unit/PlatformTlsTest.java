import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.lang.ref.WeakReference;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;
import org.egret.websocket.CleartextPolicy;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.PlatformTls;
import org.egret.websocket.RequestHook;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketException;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.egret.websocket.android.KeyChainIdentity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the TLS of the platform with the servers of {@code tls_servers.rs}. {@code NAME12} has only TLS 1.2, {@code NAME13} only
 * 1.3.
 */
class PlatformTlsTest {
    private static final boolean[] DRIVERS = {false, true};
    private static final int[] VERSIONS = {12, 13};

    // Parts.

    private static int port(Object name) {
        return Integer.getInteger("tls." + name);
    }

    private static String url(Object name) {
        return "wss://127.0.0.1:" + port(name) + "/";
    }

    private static byte[] file(String name) {
        try {
            Path path = Paths.get(System.getProperty("files"), name);
            return Files.readAllBytes(path);
        } catch (java.io.IOException missing) {
            throw new IllegalStateException(missing);
        }
    }

    private static WebSocketOptions.Builder trusting() {
        return new WebSocketOptions.Builder().tlsRoots(file("root.pem"));
    }

    private static WebSocketLoop loop(boolean inline, PlatformTls tls) {
        return new WebSocketLoop(new LoopOptions.Builder().inline(inline).tls(tls).build());
    }

    private static WebSocketLoop loop(boolean inline) {
        return loop(inline, new PlatformTls.Builder().build());
    }

    /** A connection, until it is open or has ended. */
    private static final class Connection extends Support.Recorder {
        final WebSocketLoop loop;
        final WebSocket socket;

        Connection(WebSocketLoop loop, String url, WebSocketOptions options) {
            this.loop = loop;
            socket = loop.connect(url, options, this);
        }

        Connection settled() {
            Support.until(loop, "the socket connects or fails", () -> connects == 1 || closed != null);
            return this;
        }

        Connection opened() {
            settled();
            assertEquals(1, connects, () -> "the socket is not open but " + closed);
            return this;
        }

        CloseInfo ended() {
            Support.until(loop, "it ends", () -> closed != null);
            return closed;
        }

        String echo(String text) {
            int before = messages.size();
            assertEquals(ErrorCode.OK, socket.send(text));
            Support.until(loop, "it echoes", () -> messages.size() > before || closed != null);
            assertNull(closed);
            return (String) messages.get(before);
        }

        void close() {
            socket.close();
            assertEquals(ErrorCode.OK, ended().getError());
        }
    }

    private static Connection connect(WebSocketLoop loop, String url, WebSocketOptions.Builder options) {
        return new Connection(loop, url, options.build());
    }

    private static CloseInfo failure(WebSocketLoop loop, String url, WebSocketOptions.Builder options) {
        Connection connection = connect(loop, url, options).settled();
        assertEquals(0, connection.connects);
        return connection.closed;
    }

    private static CloseInfo refused(WebSocketLoop loop, String url, WebSocketOptions.Builder options, ErrorCode error, String words) {
        CloseInfo info = failure(loop, url, options);
        assertEquals(error, info.getError(), info::toString);
        assertEquals(CloseInfo.Phase.TLS, info.getPhase(), info::toString);
        assertTrue(info.getMessage().contains(words), info::toString);
        return info;
    }

    /** Returns how the last client of a scripted server ended. */
    private static String end(WebSocketLoop loop, Object server) {
        String[] answer = new String[1];
        Thread asks = new Thread(() -> {
            try (Socket socket = new Socket("127.0.0.1", port("reports"))) {
                socket.getOutputStream().write((server + "\n").getBytes(StandardCharsets.US_ASCII));
                answer[0] = new BufferedReader(new InputStreamReader(socket.getInputStream())).readLine();
            } catch (java.io.IOException failed) {
                answer[0] = failed.toString();
            }
        });
        asks.start();
        Support.until(loop, "the server reports", () -> !asks.isAlive());
        return answer[0];
    }

    private interface Case {
        void run(WebSocketLoop loop, int version) throws Exception;
    }

    /** Runs a test with both versions and both drivers. */
    private static void each(Case test) throws Exception {
        for (boolean inline : DRIVERS)
            for (int version : VERSIONS)
                try (WebSocketLoop loop = loop(inline)) {
                    test.run(loop, version);
                }
    }

    // Certificates of servers.

    @Test
    void certificatesThatAreRefused() throws Exception {
        String[][] rows = {
            {"expired", "TLS_EXPIRED", "NotAfter: "},
            {"not-yet-valid", "TLS_EXPIRED", "NotBefore: "},
            {"wrong-host", "TLS_HOST", "No subject alternative names matching IP address 127.0.0.1 found"},
            {"names-only", "TLS_HOST", "No subject alternative names matching IP address 127.0.0.1 found"},
            {"unknown-issuer", "TLS_ISSUER", "unable to find valid certification path to requested target"},
            {"self-signed", "TLS_ISSUER", "unable to find valid certification path to requested target"},
            {"broken-chain", "TLS_ISSUER", "unable to find valid certification path to requested target"},
            {"another-purpose", "TLS_ISSUER", "Extended key usage does not permit use for TLS server authentication"},
        };
        each((loop, version) -> {
            for (String[] row : rows) {
                String server = url(row[0] + version);
                Connection refused = connect(loop, server, trusting());
                CloseInfo info = refused.ended();
                assertEquals(row[1], info.getError().name(), info::toString);
                assertTrue(info.getMessage().contains(row[2]), info::toString);
                assertFalse(info.getMessage().contains("Exception"), info::toString);
                assertEquals(CloseInfo.Phase.TLS, info.getPhase());
                assertEquals(1, refused.socket.parsePeerCertificates().size(), "the chain of the refused certificate");
                connect(loop, server, new WebSocketOptions.Builder().acceptAnyCertificate(true)).opened().close();
            }
            refused(loop, url("right" + version), new WebSocketOptions.Builder(), ErrorCode.TLS_ISSUER, "unable to find");
        });
    }

    @Test
    void aChainWithItsIntermediate() throws Exception {
        each((loop, version) -> {
            Connection connection = connect(loop, url("chained" + version), trusting()).opened();
            assertEquals(2, connection.socket.parsePeerCertificates().size());
        });
    }

    @Test
    void anAlertInformsTheServer() throws Exception {
        each((loop, version) -> {
            refused(loop, url("tells-nothing" + version), new WebSocketOptions.Builder(), ErrorCode.TLS_ISSUER, "");
            String alert = end(loop, "tells-nothing" + version);
            assertTrue(alert.contains("alert certificate unknown") || alert.contains("alert unknown ca"), alert);
        });
    }

    @Test
    void names() throws Exception {
        each((loop, version) -> {
            for (String host : new String[] {"localhost", "LOCALHOST", "127.0.0.1"})
                connect(loop, "wss://" + host + ":" + port("right" + version) + "/", trusting()).opened();
            String right = url("right" + version);
            for (String name : new String[] {"localhost", "LocalHost", "::1"})
                connect(loop, right, trusting().tlsServerName(name)).opened();
            for (String name : new String[] {"localhost.example", "other.example", "127.0.0.2", "::2"})
                refused(loop, right, trusting().tlsServerName(name), ErrorCode.TLS_HOST, "No subject alternative");
            String wild = url("names-only" + version);
            connect(loop, wild, trusting().tlsServerName("any.wild.example")).opened();
            for (String name : new String[] {"wild.example", "too.many.wild.example"})
                refused(loop, wild, trusting().tlsServerName(name), ErrorCode.TLS_HOST, "No subject alternative DNS name matching " + name);
        });
    }

    /** SNI contains names, also names without a dot, but no addresses (RFC 6066 section 3). */
    @Test
    void serverNameIsSent() throws Exception {
        each((loop, version) -> {
            int port = port("right" + version);
            assertEquals("- - -", connect(loop, url("right" + version), trusting()).opened().echo("facts"));
            assertEquals("localhost - -", connect(loop, "wss://localhost:" + port + "/", trusting()).opened().echo("facts"));
            WebSocketOptions.Builder other = new WebSocketOptions.Builder().acceptAnyCertificate(true).tlsServerName("other.example");
            assertEquals("other.example - -", connect(loop, url("right" + version), other).opened().echo("facts"));
        });
    }

    @Test
    void rootsAreAddedOrReplaceThoseOfThePlatform() throws Exception {
        byte[] root = file("root.pem");
        byte[] untrusted = file("untrusted.pem");
        String both = "Two authorities.\n\n# One\n" + new String(untrusted) + "\r\n# Two\n" + new String(root);
        each((loop, version) -> {
            String server = url("right" + version);
            WebSocketOptions.Builder options = new WebSocketOptions.Builder();
            refused(loop, server, options.tlsRoots(untrusted), ErrorCode.TLS_ISSUER, "");
            refused(loop, server, options.tlsRoots(untrusted).onlyTheseRoots(true), ErrorCode.TLS_ISSUER, "");
            connect(loop, server, options.tlsRoots(root).onlyTheseRoots(true)).opened();
            connect(loop, server, options.tlsRoots(both.getBytes()).onlyTheseRoots(false)).opened();
        });
        // Here a trust manager replaces the platform's trust. It is called first. It is called again only if it trusts.
        X509TrustManager platform = managerOf("root.pem");
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline, new PlatformTls.Builder().trustManager(platform).build())) {
                WebSocketOptions.Builder options = new WebSocketOptions.Builder();
                connect(loop, url("right13"), options).opened();
                connect(loop, url("right13"), options.tlsRoots(untrusted)).opened();
                connect(loop, url("unknown-issuer13"), options.tlsRoots(untrusted)).opened();
                refused(loop, url("expired13"), options.tlsRoots(untrusted), ErrorCode.TLS_EXPIRED, "NotAfter");
                refused(loop, url("wrong-host13"), options.tlsRoots(untrusted), ErrorCode.TLS_HOST, "");
                refused(loop, url("right13"), options.onlyTheseRoots(true), ErrorCode.TLS_ISSUER, "");
                connect(loop, url("unknown-issuer13"), options).opened();
            }
    }

    @Test
    void settingsThatCannotBeUsedAreReported() throws Exception {
        byte[] pem = file("root.pem");
        byte[] pkcs12 = file("client.p12");
        Object[][] rows = {
            {new WebSocketOptions.Builder().tlsRoots("no certificate at all".getBytes()), "`tls_roots` cannot be used"},
            {new WebSocketOptions.Builder().tlsRoots(Arrays.copyOf(pem, pem.length / 2)), "`tls_roots` cannot be used"},
            {new WebSocketOptions.Builder().tlsRoots(new String(pem).replaceFirst("M", "N").getBytes()), "`tls_roots` cannot be used"},
            {trusting().tlsIdentity(pkcs12).tlsIdentityPassword("close sesame"), "`tls_identity_password` is not the password of"},
            {trusting().tlsIdentity(Arrays.copyOf(pkcs12, pkcs12.length / 2)).tlsIdentityPassword("open sesame"), "`tls_identity` cannot be used"},
            {trusting().tlsIdentity("garbage".getBytes()).tlsIdentityPassword(""), "`tls_identity` cannot be used"},
        };
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline)) {
                for (Object[] row : rows) {
                    CloseInfo info = failure(loop, url("right13"), (WebSocketOptions.Builder) row[0]);
                    assertEquals(ErrorCode.TLS_OPTIONS, info.getError(), info::toString);
                    assertTrue(info.getMessage().contains((String) row[1]), info::toString);
                    assertFalse(info.getMessage().contains("sesame"), info::toString);
                }
            }
    }

    @Test
    void pins() throws Exception {
        String right = new String(file("right.pin"));
        String other = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        each((loop, version) -> {
            String server = url("right" + version);
            for (int connection = 0; connection < 2; connection++) // a full handshake, then a resumed one
                connect(loop, server, trusting().tlsPins(other, right)).opened().close();
            refused(loop, server, trusting().tlsPins(other), ErrorCode.TLS_PIN, right);
            refused(loop, server, new WebSocketOptions.Builder().acceptAnyCertificate(true).tlsPins(other), ErrorCode.TLS_PIN, right);
            refused(loop, url("expired" + version), trusting().tlsPins(right), ErrorCode.TLS_EXPIRED, "");
        });
    }

    /** The name and the dates of a server's certificate are checked, even if the certificate itself is in `tls_roots`. */
    @Test
    void aTrustedCertificateOfTheServerItself() throws Exception {
        each((loop, version) -> {
            for (boolean only : new boolean[] {true, false}) {
                WebSocketOptions.Builder options = new WebSocketOptions.Builder().onlyTheseRoots(only);
                String right = url("self-signed" + version);
                connect(loop, right, options.tlsRoots(file("self-signed.pem"))).opened();
                refused(loop, right, options.tlsServerName("other.example"), ErrorCode.TLS_HOST, "");
                options = new WebSocketOptions.Builder().onlyTheseRoots(only).tlsRoots(file("expired.pem"));
                refused(loop, url("expired" + version), options, ErrorCode.TLS_EXPIRED, "NotAfter");
                options = new WebSocketOptions.Builder().onlyTheseRoots(only).tlsRoots(file("not-yet-valid.pem"));
                refused(loop, url("not-yet-valid" + version), options, ErrorCode.TLS_EXPIRED, "NotBefore");
            }
        });
    }

    /** Host names with an underscore exist, and the library's own TLS connects to them. */
    @Test
    void namesThatAreNotHostNames() throws Exception {
        each((loop, version) -> {
            String server = url("right" + version);
            WebSocketOptions.Builder any = new WebSocketOptions.Builder().acceptAnyCertificate(true);
            for (String name : new String[] {"my_host.example", "-host-.example", "_"})
                assertEquals(name + " - -", connect(loop, server, any.tlsServerName(name)).opened().echo("facts"));
            // OpenJDK accepts no certificate for such a name.
            refused(loop, server, trusting().tlsServerName("my_host.example"), ErrorCode.TLS_HOST, "my_host.example");
        });
    }

    /** The key of the server is compared with the pins before the client sends its certificate. */
    @Test
    void aServerWithAnotherPinGetsNoCertificate() throws Exception {
        String other = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        each((loop, version) -> {
            WebSocketOptions.Builder options = trusting().tlsIdentity(file("unaccepted.p12")).tlsIdentityPassword("open sesame");
            failure(loop, url("asks-and-reports" + version), options);
            assertEquals("certificate verify failed", end(loop, "asks-and-reports" + version), "without pins the certificate is sent");
            refused(loop, url("asks-and-reports" + version), options.tlsPins(other), ErrorCode.TLS_PIN, "");
            assertEquals("cut", end(loop, "asks-and-reports" + version));
        });
    }

    // Certificates of clients.

    @Test
    void clientCertificateOfPkcs12() throws Exception {
        each((loop, version) -> {
            String server = url("asks" + version);
            WebSocketOptions.Builder options = trusting().tlsIdentity(file("client.p12")).tlsIdentityPassword("open sesame");
            assertEquals("- - client", connect(loop, server, options).opened().echo("facts"));
            // With TLS 1.3 the client has finished its part of the handshake when the server refuses.
            CloseInfo.Phase phase = version == 12 ? CloseInfo.Phase.TLS : CloseInfo.Phase.HANDSHAKE;
            CloseInfo without = failure(loop, server, trusting());
            assertEquals(ErrorCode.TLS, without.getError(), without::toString);
            assertEquals(phase, without.getPhase());
            assertTrue(without.getMessage().contains(version == 12 ? "handshake_failure" : "certificate_required"), without::toString);
            CloseInfo unaccepted = failure(loop, server, options.tlsIdentity(file("unaccepted.p12")));
            assertTrue(unaccepted.getMessage().contains("unknown_ca"), unaccepted::toString);
            assertEquals(phase, unaccepted.getPhase());
        });
    }

    private static KeyStore store(String name) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new ByteArrayInputStream(file(name)), "open sesame".toCharArray());
        return store;
    }

    private static X509KeyManager keys(String name) throws Exception {
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store(name), "open sesame".toCharArray());
        return (X509KeyManager) factory.getKeyManagers()[0];
    }

    private static X509ExtendedTrustManager managerOf(String pem) throws Exception {
        KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
        authorities.load(null, null);
        authorities.setCertificateEntry("root",
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(file(pem))));
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(authorities);
        return (X509ExtendedTrustManager) factory.getTrustManagers()[0];
    }

    @Test
    void clientCertificateOfAKeyManager() throws Exception {
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline, new PlatformTls.Builder().keyManager(keys("client.p12")).build())) {
                for (int version : VERSIONS) {
                    assertEquals("- - client", connect(loop, url("asks" + version), trusting()).opened().echo("facts"));
                    // The option of a socket replaces it.
                    WebSocketOptions.Builder other = trusting().tlsIdentity(file("unaccepted.p12")).tlsIdentityPassword("open sesame");
                    assertTrue(failure(loop, url("asks" + version), other).getMessage().contains("unknown_ca"));
                }
            }
    }

    /** This test uses stubs of Android's classes. */
    @Test
    void clientCertificateOfAndroidsKeyChain() throws Exception {
        KeyStore store = store("client.p12");
        String alias = store.aliases().nextElement();
        android.security.KeyChain.key = (java.security.PrivateKey) store.getKey(alias, "open sesame".toCharArray());
        android.security.KeyChain.chain = Arrays.stream(store.getCertificateChain(alias)).toArray(X509Certificate[]::new);
        for (boolean inline : DRIVERS) {
            KeyChainIdentity identity = new KeyChainIdentity(new android.app.Application(), "chosen");
            android.security.KeyChain.refusal = "not granted";
            android.security.KeyChain.reads = 0;
            try (WebSocketLoop loop = loop(inline, new PlatformTls.Builder().keyManager(identity).build())) {
                for (int version : VERSIONS) {
                    CloseInfo refused = failure(loop, url("asks" + version), trusting());
                    assertEquals(ErrorCode.TLS, refused.getError());
                    assertTrue(refused.getMessage().contains("KeyChain refuses the key \"chosen\": not granted"), refused::toString);
                }
                int before = android.security.KeyChain.reads;
                android.security.KeyChain.refusal = null;
                for (int version : VERSIONS)
                    assertEquals("- - client", connect(loop, url("asks" + version), trusting()).opened().echo("facts"));
                assertEquals(before + 1, android.security.KeyChain.reads, "the key is kept");
            }
            try (WebSocketLoop loop = loop(inline, new PlatformTls.Builder()
                    .keyManager(new KeyChainIdentity(new android.app.Application(), "removed")).build())) {
                assertTrue(failure(loop, url("asks13"), trusting()).getMessage().contains("no key \"removed\""));
            }
        }
    }

    // Versions, ALPN, sessions.

    @Test
    void versions() throws Exception {
        each((loop, version) -> {
            int number = version == 12 ? WebSocketOptions.TLS_1_2 : WebSocketOptions.TLS_1_3;
            Connection open = connect(loop, url("right" + version), trusting()).opened();
            assertEquals(number, open.socket.getStats().getTlsVersion());
            assertTrue(open.socket.getTlsCipher().startsWith("TLS_"), open.socket::getTlsCipher);
            WebSocketOptions.Builder newest = trusting().tlsMinVersion(WebSocketOptions.TLS_1_3);
            if (version == 13) connect(loop, url("right13"), newest).opened();
            else refused(loop, url("right12"), newest, ErrorCode.TLS, "protocol");
            connect(loop, url("retry-request"), trusting()).opened();
            refused(loop, url("tls-1-1"), trusting(), ErrorCode.TLS, "protocol");
            refused(loop, url("tls-1-1"), trusting().acceptAnyCertificate(true), ErrorCode.TLS, "protocol");
        });
    }

    @Test
    void alpn() throws Exception {
        each((loop, version) -> {
            Connection open = connect(loop, url("alpn" + version), trusting()).opened();
            assertEquals("http/1.1", open.socket.getTlsAlpn());
            assertEquals("- http/1.1 -", open.echo("facts"));
            assertEquals("", connect(loop, url("right" + version), trusting()).opened().socket.getTlsAlpn());
            assertEquals("- - -", connect(loop, url("alpn" + version), trusting().disableAlpn(true)).opened().echo("facts"));
            refused(loop, url("alpn-other" + version), trusting(), ErrorCode.TLS, "");
        });
    }

    /** Connects, exchanges a message and closes. Returns whether the session was resumed. */
    private static boolean resumes(WebSocketLoop loop, String url, WebSocketOptions.Builder options) {
        Connection open = connect(loop, url, options).opened();
        open.echo("to receive the tickets");
        int resumed = open.socket.getStats().getTlsResumed();
        assertEquals(1, open.socket.getPeerCertificates().size());
        open.close();
        return resumed == 1;
    }

    @Test
    void sessionsAreResumed() throws Exception {
        each((loop, version) -> {
            String server = url("right" + version);
            assertFalse(resumes(loop, server, trusting()));
            for (int i = 0; i < 3; i++) assertTrue(resumes(loop, server, trusting()), "connection " + i);
            assertFalse(resumes(loop, server, trusting().disableTlsResumption(true)));
            assertTrue(resumes(loop, server, trusting()));
            for (int i = 0; i < 2; i++) assertFalse(resumes(loop, url("no-sessions" + version), trusting()));
            for (int i = 0; i < 2; i++) assertFalse(resumes(loop, url("no-sessions" + version), trusting().disableTlsResumption(true)));
        });
    }

    /** A difference in an option, the name, the host or the port makes a full handshake. */
    @Test
    void eachDifferenceMakesAFullHandshake() throws Exception {
        byte[] more = (new String(file("root.pem")) + new String(file("untrusted.pem"))).getBytes();
        each((loop, version) -> {
            String there = url("right" + version);
            assertFalse(resumes(loop, there, trusting()));
            Object[][] rows = {
                {"roots", there, trusting().tlsRoots(more)},
                {"only these roots", there, trusting().onlyTheseRoots(true)},
                {"any certificate", there, trusting().acceptAnyCertificate(true)},
                {"ALPN", there, trusting().disableAlpn(true)},
                {"server name", there, trusting().tlsServerName("localhost")},
                {"host and its name", "wss://localhost:" + port("right" + version) + "/", trusting()},
                {"host", "wss://localhost:" + port("right" + version) + "/", trusting().tlsServerName("127.0.0.1")},
                {"port", url("other-port" + version), trusting()},
            };
            for (Object[] row : rows) {
                WebSocketOptions.Builder options = (WebSocketOptions.Builder) row[2];
                assertFalse(resumes(loop, (String) row[1], options), (String) row[0]);
                assertTrue(resumes(loop, (String) row[1], options), row[0] + ": these options do not share sessions with others");
            }
            assertTrue(resumes(loop, there, trusting()));
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aChangeOfTheNetworkDropsSessionsIfRequested(boolean forgets) {
        for (boolean inline : DRIVERS)
            for (int version : VERSIONS) {
                LoopOptions options = new LoopOptions.Builder().inline(inline).forgetTlsSessions(forgets)
                        .tls(new PlatformTls.Builder().build()).build();
                try (WebSocketLoop loop = new WebSocketLoop(options)) {
                    assertFalse(resumes(loop, url("right" + version), trusting()));
                    loop.networkChanged();
                    assertEquals(!forgets, resumes(loop, url("right" + version), trusting()));
                    assertTrue(resumes(loop, url("right" + version), trusting()));
                }
            }
    }

    // Messages and ends.

    @Test
    void messagesOfEachSize() throws Exception {
        each((loop, version) -> {
            Connection open = connect(loop, url("right" + version), trusting()).opened();
            for (int size : new int[] {0, 1, 125, 16383, 16384, 16385, 100_000, WebSocket.MAX_MESSAGE_BYTES}) {
                String text = String.join("", Collections.nCopies(size, "x"));
                assertEquals(text, open.echo(text));
            }
            for (int i = 0; i < 200; i++) assertEquals(ErrorCode.OK, open.socket.send("message " + i));
            Support.until(loop, "all echoes have arrived", () -> open.messages.size() == 208);
            for (int i = 0; i < 200; i++) assertEquals("message " + i, open.messages.get(8 + i));
            open.close();
            Connection large = connect(loop, url("large-records" + version), trusting()).opened();
            Support.until(loop, "a message", () -> !large.messages.isEmpty());
            assertEquals(100_000, ((byte[]) large.messages.get(0)).length);
        });
    }

    @Test
    void bytesOneByOne() throws Exception {
        each((loop, version) -> assertEquals("hello", connect(loop, url("pieces" + version), trusting()).opened().echo("hello")));
    }

    @Test
    void ends() throws Exception {
        each((loop, version) -> {
            Connection closing = connect(loop, url("closed-by-client" + version), trusting()).opened();
            closing.close();
            assertEquals("clean", end(loop, "closed-by-client" + version));
            Connection closed = connect(loop, url("closed-by-server" + version), trusting().closeTimeoutMillis(50)).opened();
            assertEquals(CloseInfo.Initiator.PEER, closed.ended().getInitiator());
            assertEquals("clean", end(loop, "closed-by-server" + version));
            connect(loop, url("closed-by-client" + version), trusting()).opened().socket.free();
            assertEquals("clean", end(loop, "closed-by-client" + version));
            assertEquals(ErrorCode.OK, connect(loop, url("cut-after-close" + version), trusting()).ended().getError());
            assertEquals(ErrorCode.OK, connect(loop, url("closes-at-once" + version), trusting()).ended().getError());
            assertEquals("clean", end(loop, "closes-at-once" + version));

            Object[][] rows = {
                {"ended", false, "clean"}, {"cut", true, "-"}, {"cut-record", true, "-"}, {"modified", false, "alert bad record mac"},
            };
            for (Object[] row : rows) {
                String server = row[0] + "" + version;
                Connection lost = connect(loop, url(server), trusting());
                CloseInfo info = lost.ended();
                assertEquals(List.of("hello"), lost.messages);
                assertEquals(ErrorCode.CONNECTION_LOST, info.getError(), info::toString);
                assertEquals(row[1], info.getMessage().contains("close_notify"), info::toString);
                String end = end(loop, server);
                assertTrue(end.contains((String) row[2]), server + ": " + end);
            }
        });
    }

    @Test
    void aClosedLoopSendsCloseNotify() throws Exception {
        for (boolean inline : DRIVERS)
            for (int version : VERSIONS) {
                try (WebSocketLoop loop = loop(inline)) {
                    connect(loop, url("listens" + version), trusting()).opened();
                }
                try (WebSocketLoop other = loop(inline)) {
                    assertEquals("clean", end(other, "listens" + version));
                }
            }
    }

    @Test
    void keyUpdatesAreAnswered() {
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline)) {
                Connection open = connect(loop, url("key-updates"), trusting().closeTimeoutMillis(50)).opened();
                Support.until(loop, "all messages", () -> open.messages.size() == 50 || open.closed != null);
                assertEquals("49", open.messages.get(49));
                open.socket.send("with the last key"); // the server reads this message after the answers
                assertEquals(ErrorCode.OK, open.ended().getError());
                assertEquals("clean", end(loop, "key-updates"));
                CloseInfo flooded = connect(loop, url("flood"), trusting()).ended();
                assertEquals(ErrorCode.TLS, flooded.getError());
                assertTrue(flooded.getMessage().contains("256 TLS records in a row"), flooded::toString);
            }
    }

    @Test
    void renegotiationIsRefused() {
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline)) {
                CloseInfo info = connect(loop, url("renegotiates"), trusting()).ended();
                assertEquals(ErrorCode.CONNECTION_LOST, info.getError(), info::toString);
                assertTrue(info.getMessage().contains("the server asks for a renegotiation"), info::toString);
            }
    }

    // Servers that are broken or hostile.

    @Test
    void noTls() throws Exception {
        Object[][] rows = {
            {"garbage", ErrorCode.TLS, "the TLS handshake failed"}, {"record-of-garbage", ErrorCode.TLS, "the TLS handshake failed"},
            {"no-tls", ErrorCode.TLS, "is ws:// meant?"}, {"alert", ErrorCode.TLS, "handshake_failure"},
            {"hangs-up", ErrorCode.CONNECTION_LOST, "the connection broke during the TLS handshake"},
            {"cut-after-3-12", ErrorCode.CONNECTION_LOST, "broke"}, {"cut-after-3-13", ErrorCode.CONNECTION_LOST, "broke"},
            {"cut-after-100-12", ErrorCode.CONNECTION_LOST, "broke"}, {"cut-after-100-13", ErrorCode.CONNECTION_LOST, "broke"},
            {"cut-after-700-12", ErrorCode.CONNECTION_LOST, "broke"}, {"cut-after-700-13", ErrorCode.CONNECTION_LOST, "broke"},
        };
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline)) {
                for (Object[] row : rows) refused(loop, url(row[0]), trusting(), (ErrorCode) row[1], (String) row[2]);
            }
    }

    @Test
    void stalls() {
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline)) {
                List<Connection> stalled = new ArrayList<>();
                for (String server : new String[] {"silent", "silent-after-3-12", "silent-after-100-12", "silent-after-700-12", "silent-after-3-13",
                        "silent-after-100-13", "silent-after-700-13"})
                    stalled.add(connect(loop, url(server), trusting().tlsTimeoutMillis(300)));
                for (Connection one : stalled) {
                    CloseInfo info = one.ended();
                    assertEquals(ErrorCode.TIMEOUT, info.getError(), info::toString);
                    assertEquals(CloseInfo.Phase.TLS, info.getPhase());
                }
                // The server has chosen the version, if its bytes arrived in time.
                int version = 0;
                for (int limit = 100; version == 0; limit *= 4) {
                    assertTrue(limit < 20_000);
                    Connection one = connect(loop, url("silent-after-700-13"), trusting().tlsTimeoutMillis(limit));
                    assertEquals(ErrorCode.TIMEOUT, one.ended().getError());
                    version = one.socket.getStats().getTlsVersion();
                }
                assertEquals(WebSocketOptions.TLS_1_3, version);
            }
    }

    @Test
    void closeAndFreeDuringTheHandshake() {
        for (boolean inline : DRIVERS)
            for (String server : new String[] {"silent", "silent-after-700-12", "silent-after-700-13"})
                for (Consumer<WebSocket> end : List.<Consumer<WebSocket>>of(WebSocket::close, WebSocket::cancel, WebSocket::free)) {
                    try (WebSocketLoop loop = loop(inline)) {
                        Connection one = connect(loop, url(server), trusting());
                        loop.poll(20);
                        end.accept(one.socket);
                        Connection other = connect(loop, url("right13"), trusting()).opened();
                        assertEquals("hello", other.echo("hello"));
                    }
                }
    }

    // The program's own managers.

    /** Asks another trust manager, or does something else. */
    private static class Manager implements X509TrustManager {
        private final X509TrustManager other;
        final List<String> calls = Collections.synchronizedList(new ArrayList<>());

        Manager() throws Exception {
            other = managerOf("root.pem");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            calls.add(chain.length + " " + Thread.currentThread().getName());
            other.checkServerTrusted(chain, authType);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return other.getAcceptedIssuers();
        }
    }

    /** The name is also checked. */
    @Test
    void aTrustManagerOfTheProgram() throws Exception {
        Manager manager = new Manager();
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline, new PlatformTls.Builder().trustManager(manager).build())) {
                for (int version : VERSIONS) {
                    connect(loop, url("right" + version), new WebSocketOptions.Builder()).opened();
                    refused(loop, url("wrong-host" + version), new WebSocketOptions.Builder(), ErrorCode.TLS_HOST, "");
                    refused(loop, url("expired" + version), new WebSocketOptions.Builder(), ErrorCode.TLS_EXPIRED, "");
                    refused(loop, url("unknown-issuer" + version), new WebSocketOptions.Builder(), ErrorCode.TLS_ISSUER, "");
                    connect(loop, url("unknown-issuer" + version), new WebSocketOptions.Builder().tlsRoots(file("untrusted.pem"))).opened();
                }
            }
        assertEquals(20, manager.calls.size());
        assertEquals(Collections.nCopies(20, "1 egret-ws-tls-handshake"), manager.calls);
    }

    /** Each exception ends only its own connection. */
    @Test
    void aTrustManagerThatThrows() throws Exception {
        Throwable[] thrown = {new CertificateException("not today"), new IllegalStateException("broken"), new AssertionError("very broken"),
            new StackOverflowError(), new OutOfMemoryError("full"), new CertificateException("\u00fc".repeat(1000)), new RuntimeException((String) null)};
        ErrorCode[] errors = {ErrorCode.TLS_ISSUER, ErrorCode.TLS, ErrorCode.TLS, ErrorCode.TLS, ErrorCode.NO_RESOURCES, ErrorCode.TLS_ISSUER,
            ErrorCode.TLS};
        String[] words = {"not today", "java.lang.IllegalStateException: broken", "java.lang.AssertionError: very broken",
            "java.lang.StackOverflowError", "java.lang.OutOfMemoryError: full", "\u00fc\u00fc\u00fc", "java.lang.RuntimeException"};
        Throwable[] next = new Throwable[1];
        Manager manager = new Manager() {
            @Override
            public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
                if (next[0] instanceof CertificateException) throw (CertificateException) next[0];
                if (next[0] instanceof RuntimeException) throw (RuntimeException) next[0];
                if (next[0] instanceof Error) throw (Error) next[0];
                super.checkServerTrusted(chain, authType);
            }
        };
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline, new PlatformTls.Builder().trustManager(manager).build())) {
                next[0] = null;
                Connection other = connect(loop, url("right13"), new WebSocketOptions.Builder()).opened();
                for (int version : VERSIONS)
                    for (int i = 0; i < thrown.length; i++) {
                        next[0] = thrown[i];
                        WebSocketOptions.Builder options = new WebSocketOptions.Builder().disableTlsResumption(true);
                        CloseInfo info = failure(loop, url("right" + version), options);
                        assertEquals(errors[i], info.getError(), info::toString);
                        assertTrue(info.getMessage().contains(words[i]), info::toString);
                        assertEquals("hello", other.echo("hello"));
                    }
            }
    }

    /** A trust manager that blocks delays only its own connections, and not longer than their time-outs. */
    @Test
    void aTrustManagerThatBlocks() throws Exception {
        for (boolean inline : DRIVERS)
            for (int version : VERSIONS) {
                CountDownLatch asked = new CountDownLatch(2);
                CountDownLatch answer = new CountDownLatch(1);
                Manager manager = new Manager() {
                    @Override
                    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
                        asked.countDown();
                        try {
                            if (!answer.await(20, TimeUnit.SECONDS)) throw new CertificateException("no answer");
                        } catch (InterruptedException stopped) {
                            throw new CertificateException(stopped);
                        }
                        super.checkServerTrusted(chain, authType);
                    }
                };
                LoopOptions options = new LoopOptions.Builder().inline(inline).maxHookThreads(8)
                        .tls(new PlatformTls.Builder().trustManager(manager).build()).build();
                try (WebSocketLoop loop = new WebSocketLoop(options)) {
                    Connection plain = new Connection(loop, Support.ECHO, new WebSocketOptions.Builder().build()).opened();
                    String server = url("right" + version);
                    Connection waits = connect(loop, server, new WebSocketOptions.Builder());
                    Connection freed = connect(loop, server, new WebSocketOptions.Builder());
                    Support.until(loop, "both trust managers are asked", () -> asked.getCount() == 0);
                    assertEquals(ErrorCode.TIMEOUT, connect(loop, server, new WebSocketOptions.Builder().tlsTimeoutMillis(100)).ended().getError());
                    freed.socket.free();
                    assertEquals("hello", plain.echo("hello"));
                    Connection other = connect(loop, server, trusting().onlyTheseRoots(true)).opened();
                    assertEquals("hello", other.echo("hello"));
                    assertEquals(0, waits.connects);
                    answer.countDown();
                    assertEquals("hello", waits.opened().echo("hello"));
                }
            }
    }

    /** The close of a loop does not wait for its trust managers. */
    @Test
    void aLoopEndsWhileATrustManagerBlocks() throws Exception {
        for (boolean inline : DRIVERS) {
            CountDownLatch asked = new CountDownLatch(1);
            CountDownLatch answer = new CountDownLatch(1);
            CountDownLatch done = new CountDownLatch(1);
            Manager manager = new Manager() {
                @Override
                public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
                    asked.countDown();
                    try {
                        answer.await(20, TimeUnit.SECONDS);
                    } catch (InterruptedException stopped) {
                        throw new CertificateException(stopped);
                    } finally {
                        done.countDown();
                    }
                }
            };
            WebSocketLoop loop = loop(inline, new PlatformTls.Builder().trustManager(manager).build());
            connect(loop, url("right13"), new WebSocketOptions.Builder());
            Support.until(loop, "the trust manager is asked", () -> asked.getCount() == 0);
            loop.close();
            assertNotNull(loop.getCloseInfo());
            assertEquals(1, done.getCount());
            answer.countDown();
            assertTrue(done.await(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void aContextOfTheProgram() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(new X509KeyManager[] {keys("client.p12")}, new X509TrustManager[] {managerOf("root.pem")}, null);
        PlatformTls tls = new PlatformTls.Builder().context(context).build();
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline, tls)) {
                WebSocketOptions.Builder options = new WebSocketOptions.Builder();
                for (int version : VERSIONS) {
                    assertEquals("- - client", connect(loop, url("asks" + version), options).opened().echo("facts"));
                    refused(loop, url("wrong-host" + version), options, ErrorCode.TLS_HOST, "");
                    refused(loop, url("unknown-issuer" + version), options, ErrorCode.TLS_ISSUER, "");
                    refused(loop, url("expired" + version), options, ErrorCode.TLS_EXPIRED, "");
                    assertFalse(resumes(loop, url("right" + version), options));
                    assertTrue(resumes(loop, url("right" + version), options));
                    int kept = Collections.list(context.getClientSessionContext().getIds()).size();
                    assertFalse(resumes(loop, url("right" + version), new WebSocketOptions.Builder().disableTlsResumption(true)));
                    assertEquals(kept, Collections.list(context.getClientSessionContext().getIds()).size(), "a session was added although it cannot be used");
                    connect(loop, url("right" + version), new WebSocketOptions.Builder().tlsPins(new String(file("right.pin")))).opened();
                }
                for (WebSocketOptions.Builder cannot : List.of(trusting(), new WebSocketOptions.Builder().acceptAnyCertificate(true),
                        new WebSocketOptions.Builder().tlsIdentity(file("client.p12")).tlsIdentityPassword("open sesame")))
                    assertEquals(ErrorCode.UNSUPPORTED, Support.errorOf(() -> loop.connect(url("right13"), cannot.build(), new Support.Recorder())));
            }
        assertThrows(IllegalArgumentException.class, () -> new PlatformTls.Builder().context(context).keyManager(keys("client.p12")).build());
        assertThrows(IllegalArgumentException.class, () -> new PlatformTls.Builder().context(context).trustManager(managerOf("root.pem")).build());
        assertEquals(context, tls.getContext());
        assertNull(tls.getTrustManager());
        assertNull(tls.getKeyManager());
    }

    // Options of the loop.

    @Test
    void theDefaultIsTheLibrarysTls() {
        assertNull(new LoopOptions.Builder().build().getTls());
        assertNull(new LoopOptions.Builder().tls(new PlatformTls.Builder().build()).libraryTls().build().getTls());
        PlatformTls tls = new PlatformTls.Builder().build();
        assertEquals(tls, new LoopOptions.Builder().tls(tls).build().toBuilder().build().getTls());
    }

    @Test
    void aProxyOfHttps() {
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline)) {
                for (int version : VERSIONS) {
                    WebSocketOptions.Builder options = trusting().proxy("https://localhost:" + port("proxy"));
                    assertEquals("hello", connect(loop, url("right" + version), options).opened().echo("hello"));
                }
                CloseInfo info = failure(loop, url("right13"), new WebSocketOptions.Builder().proxy("https://localhost:" + port("proxy")));
                assertEquals(ErrorCode.TLS_ISSUER, info.getError(), info::toString);
                assertEquals(CloseInfo.Phase.PROXY, info.getPhase(), info::toString);
            }
    }

    @Test
    void aPolicyForCleartext() {
        List<String> asked = new ArrayList<>();
        CleartextPolicy policy = host -> {
            asked.add(String.valueOf(host));
            return "127.0.0.1".equals(host) || "permitted.example".equals(host);
        };
        assertNull(new LoopOptions.Builder().build().getCleartextPolicy());
        for (boolean inline : DRIVERS) {
            LoopOptions options = new LoopOptions.Builder().inline(inline).tls(new PlatformTls.Builder().build()).cleartextPolicy(policy).build();
            assertEquals(policy, options.toBuilder().build().getCleartextPolicy());
            try (WebSocketLoop loop = new WebSocketLoop(options)) {
                asked.clear();
                WebSocketException refused = assertThrows(WebSocketException.class,
                        () -> loop.connect("WS://Other.example:80/path", new Support.Recorder()));
                assertEquals(ErrorCode.UNSUPPORTED, refused.getError());
                assertTrue(refused.getMessage().contains("forbids ws:// to other.example"), refused.getMessage());
                assertThrows(WebSocketException.class, () -> loop.connect("::1", 80, new Support.Recorder()));
                assertThrows(WebSocketException.class, () -> loop.connect("ws://[::1]/", new Support.Recorder()));
                assertThrows(WebSocketException.class, () -> loop.connect("other.example", 443, new Support.Recorder()));
                assertEquals(List.of("other.example", "::1", "::1", "other.example"), asked);
                // A host after a user name, and hosts that are written differently.
                for (String url : new String[] {"ws://127.0.0.1:80@Other.example/", "ws://127.0.0.1@other.example:80", "ws://a:b%40127.0.0.1@other.example?x",
                    "http://other.example./@127.0.0.1", "ws:\\\\127.0.0.1@other.example\\", "ws://other%2eexample"}) {
                    asked.clear();
                    assertEquals(ErrorCode.UNSUPPORTED, Support.errorOf(() -> loop.connect(url, new Support.Recorder())), url);
                    assertEquals(List.of("other.example"), asked, url);
                }
                asked.clear();
                assertEquals(ErrorCode.UNSUPPORTED, Support.errorOf(() -> loop.connect("fe80::1%lo", 80, new Support.Recorder())));
                assertEquals(List.of("fe80::1"), asked);
                assertEquals(ErrorCode.INVALID_URL, Support.errorOf(() -> loop.connect("ws://[", new Support.Recorder())));
                connect(loop, url("right13"), trusting()).opened();
                Connection plain = new Connection(loop, Support.ECHO, new WebSocketOptions.Builder().build()).opened();
                assertEquals("hello", plain.echo("hello"));
                // The policy cannot be asked during a redirect, so a redirect to cleartext is not followed.
                Connection redirected = new Connection(loop, "ws://127.0.0.1:" + port("redirects-to-cleartext") + "/",
                        new WebSocketOptions.Builder().maxRedirects(3).build());
                assertEquals(ErrorCode.REDIRECT, redirected.ended().getError());
                List<ErrorCode> errors = new ArrayList<>();
                RequestHook hook = (socket, request) -> {
                    errors.add(Support.errorOf(() -> request.setUrl("ws://other.example/")));
                    errors.add(Support.errorOf(() -> request.setUrl("ws://permitted.example/")));
                    return RequestHook.Action.STOP;
                };
                connect(loop, Support.ECHO, new WebSocketOptions.Builder().requestHook(hook)).ended();
                assertEquals(List.of(ErrorCode.UNSUPPORTED, ErrorCode.OK), errors);
            }
        }
        // A policy that permits cleartext in general does not stop redirects.
        try (WebSocketLoop loop = new WebSocketLoop(new LoopOptions.Builder().cleartextPolicy(CleartextPolicy.PERMITTED).build())) {
            Connection redirected = new Connection(loop, "ws://127.0.0.1:" + port("redirects-to-cleartext") + "/",
                    new WebSocketOptions.Builder().maxRedirects(3).build());
            assertEquals(ErrorCode.CONNECT, redirected.ended().getError());
        }
    }

    /** Tests the default on Android, with a stub. */
    @Test
    void androidsPolicyForCleartext() throws Exception {
        java.lang.reflect.Constructor<?> make = Class.forName("org.egret.websocket.AndroidCleartext").getDeclaredConstructor();
        make.setAccessible(true);
        CleartextPolicy policy = (CleartextPolicy) make.newInstance();
        for (boolean inGeneral : new boolean[] {false, true}) {
            android.security.NetworkSecurityPolicy.permitsInGeneral = inGeneral;
            assertEquals(inGeneral, policy.isCleartextPermitted(null));
            assertTrue(policy.isCleartextPermitted("permitted.example"));
            assertFalse(policy.isCleartextPermitted("other.example"));
        }
    }

    // Leaks.

    private static List<String> ownThreads() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).filter(name -> name.startsWith("egret") && !name.equals("egret-ws leaks"))
                .collect(Collectors.toList());
    }

    private static void waitUntil(String what, java.util.function.BooleanSupplier condition) throws Exception {
        long deadline = System.nanoTime() + Support.WAIT_LIMIT_MILLIS * 1_000_000;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) fail("waited too long until " + what + "; threads: " + ownThreads());
            System.gc();
            Thread.sleep(20);
        }
    }

    /** Connections that succeed, fail, or end early leave no engine, thread or descriptor. */
    @Test
    void manyConnectionsLeaveNothingBehind() throws Exception {
        int count = Integer.getInteger("connections");
        List<WeakReference<SSLEngine>> engines = Collections.synchronizedList(new ArrayList<>());
        X509ExtendedTrustManager root = managerOf("root.pem");
        X509ExtendedTrustManager manager = new X509ExtendedTrustManager() {
            @Override
            public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
                engines.add(new WeakReference<>(engine));
                root.checkServerTrusted(chain, authType, engine);
            }

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String authType) {}

            @Override
            public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

            @Override
            public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

            @Override
            public void checkClientTrusted(X509Certificate[] chain, String authType) {}

            @Override
            public X509Certificate[] getAcceptedIssuers() {
                return root.getAcceptedIssuers();
            }
        };
        waitUntil("the threads of other tests end", () -> ownThreads().isEmpty());
        long descriptors = 0;
        for (boolean inline : DRIVERS)
            try (WebSocketLoop loop = loop(inline, new PlatformTls.Builder().trustManager(manager).build())) {
                WebSocketOptions.Builder options = new WebSocketOptions.Builder();
                connect(loop, url("right13"), options).opened().close();
                if (descriptors == 0) descriptors = Files.list(Paths.get("/proc/self/fd")).count();
                String[] servers = {"right13", "right12", "unknown-issuer13", "wrong-host12", "right13", "no-sessions12"};
                for (int at = 0; at < count / 2; at += 10) {
                    List<Connection> some = new ArrayList<>();
                    for (int i = 0; i < 10; i++) {
                        options.disableTlsResumption(i % 2 == 0);
                        some.add(connect(loop, url(servers[(at + i) % servers.length]), options));
                    }
                    some.get(0).socket.free();
                    some.get(1).socket.cancel();
                    for (Connection one : some.subList(2, 10)) {
                        one.settled();
                        if (one.closed == null) one.socket.close();
                    }
                    for (Connection one : some.subList(2, 10)) one.ended();
                }
            }
        assertTrue(engines.size() >= count / 4, engines.size() + " engines were created");
        waitUntil("all engines are collected", () -> engines.stream().allMatch(engine -> engine.get() == null));
        waitUntil("all threads end", () -> ownThreads().isEmpty());
        long after = Files.list(Paths.get("/proc/self/fd")).count();
        assertTrue(after <= descriptors + 3, descriptors + " descriptors before, " + after + " after");
    }
}
