import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.egret.websocket.LoopLifecycle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests when suspend, resume and networkChanged are called, with a timer that the test controls. */
class LoopLifecycleTest {
    private static final long DEBOUNCE = LoopLifecycle.DEBOUNCE_MILLIS;

    /** One task at most, and a clock. */
    private static final class Timer implements LoopLifecycle.Timer {
        private Runnable task;
        private long due;
        private long now;

        @Override
        public void schedule(Runnable scheduled, long delayMillis) {
            if (task != null) throw new AssertionError("scheduled twice");
            task = scheduled;
            due = now + delayMillis;
        }

        @Override
        public void cancel(Runnable cancelled) {
            if (task != cancelled) throw new AssertionError("not scheduled");
            task = null;
        }

        void advance(long millis) {
            now += millis;
            if (task == null || due > now) return;
            Runnable run = task;
            task = null;
            run.run();
        }
    }

    /** A loop that records its calls, each by its first letter. */
    private static final class Recorder implements LoopLifecycle.Target {
        private String calls = "";
        private boolean closed;

        @Override
        public void suspend() {
            calls += "s";
        }

        @Override
        public void resume() {
            calls += "r";
        }

        @Override
        public void networkChanged() {
            calls += "n";
        }

        @Override
        public boolean isClosed() {
            return closed;
        }
    }

    private final Timer timer = new Timer();
    private final Recorder loop = new Recorder();
    private final LoopLifecycle lifecycle = new LoopLifecycle(loop, timer);

    private String take() {
        String calls = loop.calls;
        loop.calls = "";
        return calls;
    }

    /**
     * Each row lists notices and the expected calls. In the notices a letter is an available network, `-` is a loss, and `.`
     * waits for the debounce time. A resume without a suspend before it only probes the connections.
     */
    @ParameterizedTest
    @CsvSource({
        "A., ''", // the first notice
        "AAA.A., ''", // further notices of the same network
        "A.B., n", // another network
        "A.B.B., n",
        "A.B.A., nn",
        "A-., ''", // a loss is no change
        "A.-B., n", // the first network is lost before, for example when Wi-Fi fails
        "A.B-., ''", // the new network is lost before it was used
        "A.B-C., n",
        "A.BA., ''", // back within the debounce time
        "A.BABABAB., n", // the network changes repeatedly
        "A.BCD., n", // only the last network is used
        "A.-A., r", // the same network has returned: connections may be lost
        "A.-.-.A., r",
        "A.-A-A-A., r",
        "-A., n", // no network at the start
        "A.-.B.-.A., nn",
    })
    void networks(String notices, String expected) {
        for (char notice : notices.toCharArray()) notice(notice);
        assertEquals(expected, take());
    }

    private void notice(char notice) {
        switch (notice) {
            case '.':
                timer.advance(DEBOUNCE);
                break;
            case '-':
                lifecycle.networkLost();
                break;
            default:
                lifecycle.networkAvailable(String.valueOf(notice));
        }
    }

    @Test
    void aChangeIsReportedAfterTheDebounceAlsoIfTheNetworkFlaps() {
        lifecycle.networkAvailable("A");
        lifecycle.networkAvailable("B");
        timer.advance(DEBOUNCE - 1);
        assertEquals("", take());
        lifecycle.networkAvailable("C");
        timer.advance(1);
        assertEquals("n", take());
        timer.advance(DEBOUNCE);
        assertEquals("", take());
    }

    @Test
    void suspendAndResumeAreCalledOnceEach() {
        lifecycle.resume();
        assertEquals("", take());
        lifecycle.suspend();
        lifecycle.suspend();
        assertEquals("s", take());
        lifecycle.resume();
        lifecycle.resume();
        assertEquals("r", take());
    }

    /** No timer runs in the background. The resume reports the change immediately. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aChangeDuringASuspendIsReportedWithTheResume(boolean before) {
        lifecycle.networkAvailable("A");
        if (before) lifecycle.networkAvailable("B");
        lifecycle.suspend();
        if (!before) lifecycle.networkAvailable("B");
        assertEquals("s", take());
        timer.advance(10 * DEBOUNCE);
        assertEquals("", take());
        lifecycle.resume();
        assertEquals("nr", take());
        lifecycle.networkAvailable("B");
        timer.advance(10 * DEBOUNCE);
        assertEquals("", take());
    }

    @Test
    void aNetworkThatHasReturnedAtTheResumeIsNoChange() {
        lifecycle.networkAvailable("A");
        lifecycle.suspend();
        lifecycle.networkAvailable("B");
        lifecycle.networkLost();
        lifecycle.networkAvailable("A");
        take();
        lifecycle.resume();
        assertEquals("r", take());
        timer.advance(10 * DEBOUNCE);
        assertEquals("", take());
    }

    /** At the resume there is no network; the network that appears later is reported. */
    @ParameterizedTest
    @ValueSource(strings = {"A", "B"})
    void aNetworkAfterAResumeWithoutOneIsReported(String later) {
        lifecycle.networkAvailable("A");
        lifecycle.suspend();
        lifecycle.networkLost();
        lifecycle.resume();
        assertEquals("sr", take());
        lifecycle.networkAvailable(later);
        timer.advance(DEBOUNCE);
        assertEquals(later.equals("A") ? "r" : "n", take());
    }

    @Test
    void nothingIsCalledAfterTheEnd() {
        lifecycle.networkAvailable("A");
        lifecycle.networkAvailable("B");
        assertFalse(lifecycle.isClosed());
        lifecycle.close();
        lifecycle.close();
        assertTrue(lifecycle.isClosed());
        timer.advance(DEBOUNCE);
        lifecycle.networkAvailable("C");
        lifecycle.networkLost();
        lifecycle.suspend();
        lifecycle.resume();
        timer.advance(DEBOUNCE);
        assertEquals("", take());
    }

    @Test
    void itEndsWithItsLoop() {
        lifecycle.networkAvailable("A");
        lifecycle.networkAvailable("B");
        loop.closed = true;
        timer.advance(DEBOUNCE);
        lifecycle.networkAvailable("C");
        lifecycle.suspend();
        assertTrue(lifecycle.isClosed());
        assertEquals("", take());
    }
}
