import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import android.net.Network;
import android.net.VpnService;
import android.os.Build;
import android.os.ParcelFileDescriptor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.android.BoundNetwork;
import org.egret.websocket.android.VpnProtection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests the hooks for Android with stubs of Android's classes. */
class AndroidHooksTest {
    @AfterEach
    void restore() {
        Build.VERSION.SDK_INT = 24;
        ParcelFileDescriptor.CALLS.clear();
    }

    @Test
    void aDescriptorIsBoundThroughACopyThatIsClosed() throws Exception {
        Network network = new Network(7);
        assertTrue(new BoundNetwork(network).onSocket(null, 42));
        assertEquals(List.of("copy 42", "bind to 7", "close the copy of 42"), ParcelFileDescriptor.CALLS);
        ParcelFileDescriptor.CALLS.clear();
        network.isLost = true;
        assertThrows(IOException.class, () -> new BoundNetwork(network).onSocket(null, 42));
        assertEquals(List.of("copy 42", "close the copy of 42"), ParcelFileDescriptor.CALLS);
    }

    @Test
    void aLoopConnectsThroughOneNetwork() {
        Network network = new Network(7);
        BoundNetwork bound = new BoundNetwork(network);
        List<Throwable> reported = new ArrayList<>();
        LoopOptions options = new LoopOptions.Builder().resolveHook(bound).socketHook(bound)
                .exceptionHandler((socket, thrown) -> reported.add(thrown)).build();
        String edge = Support.ECHO.replace("127.0.0.1", "edge.test");
        try (WebSocketLoop loop = new WebSocketLoop(options)) {
            Support.Recorder events = new Support.Recorder();
            loop.connect(edge, events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertTrue(ParcelFileDescriptor.CALLS.contains("bind to 7"), ParcelFileDescriptor.CALLS::toString);
            network.isLost = true;
            for (String url : new String[] {edge, Support.ECHO}) {
                Support.Recorder late = new Support.Recorder();
                loop.connect(url, late);
                Support.until(loop, "it fails", () -> late.closed != null);
                assertEquals(url == edge ? ErrorCode.RESOLVE : ErrorCode.CONNECT, late.closed.getError());
            }
            assertEquals(List.of(), reported); // a lost network is not reported as an exception
        }
    }

    @Test
    void androidBefore6IsRefused() {
        Build.VERSION.SDK_INT = 22;
        assertThrows(UnsupportedOperationException.class, () -> new BoundNetwork(new Network(7)));
        Build.VERSION.SDK_INT = 23;
        new BoundNetwork(new Network(7));
    }

    @Test
    void aVpnProtectsOrRefuses() {
        VpnService service = new VpnService();
        assertTrue(new VpnProtection(service).onSocket(null, 42));
        assertEquals(42, service.protectedDescriptor);
        service.answer = false;
        assertFalse(new VpnProtection(service).onSocket(null, 43));
    }
}
