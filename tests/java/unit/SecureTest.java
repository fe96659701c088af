import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.cert.X509Certificate;
import java.util.List;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests TLS with an echo server. A file contains its root certificate. */
class SecureTest {
    private static final String URL = System.getProperty("secure");

    private final Support.Recorder events = new Support.Recorder();

    private static WebSocketOptions.Builder trusting() throws Exception {
        byte[] roots = Files.readAllBytes(Paths.get(System.getProperty("roots")));
        return new WebSocketOptions.Builder().tlsRoots(roots).onlyTheseRoots(true);
    }

    private CloseInfo failure(WebSocketOptions options) {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            loop.connect(URL, options, events);
            Support.until(loop, "it fails", () -> events.closed != null);
        }
        assertEquals(CloseInfo.Phase.TLS, events.closed.getPhase());
        return events.closed;
    }

    private void echoes(WebSocketOptions options) {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(URL, options, events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertEquals(WebSocketOptions.TLS_1_3, socket.getStats().getTlsVersion());
            assertTrue(socket.getStats().getTlsMicros() > 0);
            socket.send("secret");
            Support.until(loop, "it echoes", () -> events.messages.contains("secret"));
        }
    }

    @Test
    void aTrustedServerEchoes() throws Exception {
        echoes(trusting().tlsMinVersion(WebSocketOptions.TLS_1_3).build());
    }

    @Test
    void anUntrustedCertificateIsRefused() {
        assertEquals(ErrorCode.TLS_ISSUER, failure(new WebSocketOptions.Builder().build()).getError());
    }

    /** The certificates are available in DER and as objects, also if the server is not trusted, and after the end. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theCertificatesOfTheServerCanBeRead(boolean isTrusted) throws Exception {
        WebSocket socket;
        try (WebSocketLoop loop = new WebSocketLoop()) {
            socket = loop.connect(URL, isTrusted ? trusting().build() : new WebSocketOptions.Builder().build(), events);
            assertEquals(List.of(), socket.getPeerCertificates());
            Support.until(loop, "the socket connects or fails", () -> events.connects == 1 || events.closed != null);
            if (isTrusted) assertDetails(socket);
        }
        assertDetails(socket);
        assertEquals(isTrusted, socket.getTlsCipher().startsWith("TLS_") && events.connects == 1);
    }

    private static void assertDetails(WebSocket socket) throws Exception {
        List<byte[]> chain = socket.getPeerCertificates();
        List<X509Certificate> parsed = socket.parsePeerCertificates();
        assertEquals(chain.size(), parsed.size());
        assertTrue(parsed.get(0).getSubjectAlternativeNames().toString().contains("127.0.0.1"));
        assertArrayEquals(chain.get(0), parsed.get(0).getEncoded());
        assertEquals("", socket.getTlsAlpn()); // the server selects no protocol
        chain.get(0)[0] ^= 1; // a copy
        assertArrayEquals(parsed.get(0).getEncoded(), socket.getPeerCertificates().get(0));
    }

    private int resumed(WebSocketLoop loop, WebSocketOptions options) {
        Support.Recorder events = new Support.Recorder();
        WebSocket socket = loop.connect(URL, options, events);
        Support.until(loop, "it connects", () -> events.connects == 1);
        socket.send("to receive the tickets");
        Support.until(loop, "it echoes", () -> !events.messages.isEmpty());
        socket.close();
        Support.until(loop, "it closes", () -> events.closed != null);
        return socket.getStats().getTlsResumed();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sessionsAreResumed(boolean forgets) throws Exception {
        WebSocketOptions options = trusting().build();
        try (WebSocketLoop loop = new WebSocketLoop(new LoopOptions.Builder().forgetTlsSessions(forgets).build())) {
            assertEquals(0, resumed(loop, options));
            assertEquals(1, resumed(loop, options));
            assertEquals(0, resumed(loop, options.toBuilder().disableTlsResumption(true).build()));
            loop.networkChanged();
            assertEquals(forgets ? 0 : 1, resumed(loop, options));
        }
    }

    @Test
    void anyCertificateIsAccepted() {
        echoes(new WebSocketOptions.Builder().acceptAnyCertificate(true).build());
    }

    @Test
    void anotherPinIsRefused() throws Exception {
        String pin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assertEquals(ErrorCode.TLS_PIN, failure(trusting().tlsPins(pin).build()).getError());
    }

    @Test
    void aCertificateOfAnotherHostIsRefused() throws Exception {
        assertEquals(ErrorCode.TLS_HOST, failure(trusting().tlsServerName("other.example").build()).getError());
    }

    @Test
    void anInvalidIdentityIsRefused() throws Exception {
        byte[] garbage = {1, 2, 3};
        CloseInfo info = failure(trusting().tlsIdentity(garbage).tlsIdentityPassword("x").build());
        assertEquals(ErrorCode.TLS_OPTIONS, info.getError());
        assertTrue(info.getMessage().contains("tls_identity"), info.getMessage());
    }
}
