import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Paths;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;

/** TLS, with an echo server whose root certificate is in a file. */
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
