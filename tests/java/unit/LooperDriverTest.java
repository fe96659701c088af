import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import android.os.Looper;
import android.view.Choreographer;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.android.LooperDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the Android drivers with stubs of Android's classes. */
class LooperDriverTest {
    @Test
    void aWakeupCausesAPoll() throws Exception {
        Support.Recorder events = new Support.Recorder();
        Looper looper = new Looper();
        try (WebSocketLoop loop = new WebSocketLoop(); LooperDriver driver = LooperDriver.onWakeup(loop, looper)) {
            WebSocket socket = loop.connect(Support.ECHO, events);
            while (events.connects == 0) assertTrue(looper.runOne(Support.WAIT_LIMIT_MILLIS));
            for (int i = 0; i < 10; i++) {
                socket.send("again");
                while (events.messages.size() == i) assertTrue(looper.runOne(Support.WAIT_LIMIT_MILLIS));
            }
            socket.send("never events");
            driver.close();
            driver.close();
            assertFalse(looper.runOne(0));
            assertEquals(10, events.messages.size());
        }
    }

    @Test
    void anInlineLoopCanOnlyBePolledByFrames() {
        try (WebSocketLoop loop = Support.loop(true)) {
            assertEquals(ErrorCode.UNSUPPORTED, Support.errorOf(() -> LooperDriver.onWakeup(loop, new Looper())));
        }
    }

    /** An inline loop is polled at every frame, until a listener closes the driver. */
    @Test
    void eachFramePollsAnInlineLoop() {
        Choreographer choreographer = Choreographer.getInstance();
        LooperDriver[] driver = new LooperDriver[1];
        Support.Recorder events = new Support.Recorder() {
            @Override
            public void onMessage(WebSocket socket, String text) {
                super.onMessage(socket, text);
                driver[0].close(); // during a frame
            }
        };
        try (WebSocketLoop loop = Support.loop(true)) {
            driver[0] = LooperDriver.onFrame(loop);
            WebSocket socket = loop.connect(Support.ECHO, events);
            long deadline = System.nanoTime() + Support.WAIT_LIMIT_MILLIS * 1_000_000;
            boolean sent = false;
            while (events.messages.isEmpty()) {
                assertTrue(System.nanoTime() < deadline);
                assertEquals(1, choreographer.frame());
                if (!sent && events.connects == 1) {
                    socket.send("one");
                    sent = true;
                }
            }
            assertEquals(0, choreographer.frame());
        }
    }

    /** The driver requests a frame only while there is work, and at most one frame at a time. */
    @Test
    void framesComeOnlyWhileNeeded() throws Exception {
        Choreographer choreographer = Choreographer.getInstance();
        Looper looper = Looper.myLooper();
        Support.Recorder events = new Support.Recorder();
        try (WebSocketLoop loop = new WebSocketLoop(); LooperDriver driver = LooperDriver.onFrame(loop)) {
            assertEquals(0, choreographer.frame());
            WebSocket socket = loop.connect(Support.ECHO, events);
            while (events.connects == 0) {
                assertTrue(looper.runOne(Support.WAIT_LIMIT_MILLIS), "no wake-up");
                assertEquals(1, choreographer.frame());
            }
            for (int i = 0; i < 10; i++) {
                socket.send("again");
                while (events.messages.size() == i) {
                    assertTrue(looper.runOne(Support.WAIT_LIMIT_MILLIS), "no wake-up");
                    assertEquals(1, choreographer.frame());
                }
            }
            // Nothing is due now: an idle loop requests no frame.
            assertEquals(0, loop.poll());
            while (looper.runOne(0)) choreographer.frame();
            assertEquals(0, choreographer.frame());
            socket.send("never received");
            assertTrue(looper.runOne(Support.WAIT_LIMIT_MILLIS), "no wake-up");
            driver.close();
            driver.close();
            assertEquals(0, choreographer.frame());
            assertEquals(10, events.messages.size());
        }
    }

    /** The loop and the driver are closed in any order. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aDriverWhoseLoopIsClosedDoesNothing(boolean inline) throws Exception {
        Looper looper = Looper.myLooper();
        WebSocketLoop loop = Support.loop(inline);
        LooperDriver driver = LooperDriver.onFrame(loop);
        loop.connect(Support.ECHO, new Support.Recorder());
        if (!inline) assertTrue(looper.runOne(Support.WAIT_LIMIT_MILLIS), "no wake-up");
        loop.close();
        assertEquals(1, Choreographer.getInstance().frame());
        assertEquals(0, Choreographer.getInstance().frame());
        driver.close();
    }
}
