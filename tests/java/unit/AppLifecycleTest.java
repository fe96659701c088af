import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import android.app.Activity;
import android.app.Application;
import android.net.Network;
import android.net.NetworkInfo;
import android.os.Build;
import android.os.Looper;
import android.view.Choreographer;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.egret.websocket.LoopLifecycle;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.android.AppLifecycle;
import org.egret.websocket.android.LooperDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests suspend and resume with an app's activities and networks, with stubs of Android's classes. */
class AppLifecycleTest {
    private final Application application = new Application();
    private WebSocketLoop loop;
    private final List<String> calls = new ArrayList<>();

    @AfterEach
    void restoreVersion() {
        Build.VERSION.SDK_INT = 24;
    }

    /** A loop without a thread: each poll logs the calls that were made before it. */
    private WebSocketLoop loop() {
        return loop = new WebSocketLoop(new LoopOptions.Builder().inline(true).logLevel(LoopOptions.LogLevel.INFO)
                .log((level, text, socket) -> calls.add(text)).build());
    }

    /** Waits until all notices are handled, and returns the calls that were made. */
    private String take() {
        Looper.myLooper().advance(LoopLifecycle.DEBOUNCE_MILLIS);
        loop.poll();
        String text = String.join(", ", calls);
        calls.clear();
        return text;
    }

    @Test
    void theLoopIsSuspendedWhenTheLastActivityHasStopped() {
        Activity first = new Activity();
        Activity second = new Activity();
        try (WebSocketLoop loop = loop(); AppLifecycle lifecycle = AppLifecycle.follow(application, loop)) {
            application.start(first);
            application.pause(first);
            application.start(first);
            application.start(second);
            application.stop(first);
            assertEquals("", take());
            application.stop(second);
            assertEquals("suspended", take());
            application.start(first);
            assertEquals("resumed", take());
            first.changesConfiguration = true;
            application.stop(first);
            application.start(new Activity());
            assertEquals("", take());
        }
        assertTrue(application.callbacks.isEmpty() && application.connectivity.callbacks.isEmpty());
    }

    /** The lifecycle is created when an activity is already visible, so it gets no notice of the start of that activity. */
    @Test
    void anActivityThatWasStartedBeforeCounts() {
        Activity before = new Activity();
        try (WebSocketLoop loop = loop(); AppLifecycle lifecycle = AppLifecycle.follow(application, loop)) {
            application.stop(before);
            assertEquals("suspended", take());
            application.start(before);
            assertEquals("resumed", take());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {21, 23, 24, 35})
    void anotherNetworkIsAChange(int version) {
        Build.VERSION.SDK_INT = version;
        application.connectivity.active = new NetworkInfo(1);
        try (WebSocketLoop loop = loop(); AppLifecycle lifecycle = AppLifecycle.follow(application, loop)) {
            // The network, its type, and the expected call.
            String[][] notices = {{"1", "1", ""}, {"1", "1", ""}, {"2", "0", "the network has changed"}, {"2", "0", ""},
                {"3", "1", "the network has changed"}};
            for (String[] notice : notices) {
                application.connectivity.active = new NetworkInfo(Integer.parseInt(notice[1]));
                application.connectivity.available(new Network(Integer.parseInt(notice[0])));
                assertEquals(notice[2], take());
            }
        }
    }

    /** Two networks exist at the same time, and the unused one is lost (before Android 7 there are notices for both). */
    @ParameterizedTest
    @ValueSource(ints = {21, 23})
    void beforeAndroid7OnlyTheActiveNetworkCounts(int version) {
        Build.VERSION.SDK_INT = version;
        application.connectivity.active = new NetworkInfo(1);
        try (WebSocketLoop loop = loop(); AppLifecycle lifecycle = AppLifecycle.follow(application, loop)) {
            application.connectivity.available(new Network(1));
            application.connectivity.available(new Network(2));
            application.connectivity.lost(new Network(2));
            assertEquals("", take());
            application.connectivity.active = new NetworkInfo(0);
            application.connectivity.lost(new Network(1));
            assertEquals("the network has changed", take());
            application.connectivity.active = null;
            application.connectivity.lost(new Network(2));
            assertEquals("", take());
            application.connectivity.active = new NetworkInfo(0);
            application.connectivity.available(new Network(3));
            assertEquals("resumed", take());
        }
    }

    /** The app starts in flight mode; then a network becomes available. */
    @ParameterizedTest
    @ValueSource(ints = {21, 24})
    void theFirstNetworkAfterAStartWithoutOneIsAChange(int version) {
        Build.VERSION.SDK_INT = version;
        try (WebSocketLoop loop = loop(); AppLifecycle lifecycle = AppLifecycle.follow(application, loop)) {
            application.connectivity.active = new NetworkInfo(1);
            application.connectivity.available(new Network(1));
            assertEquals("the network has changed", take());
            application.connectivity.lost(new Network(1));
            assertEquals("", take());
        }
    }

    /** The notices arrive on a thread of the system; the loop is called on the main thread. */
    @Test
    void noticesFromAnotherThreadAreHandledOnTheMainThread() throws Exception {
        application.connectivity.active = new NetworkInfo(1);
        try (WebSocketLoop loop = loop(); AppLifecycle lifecycle = AppLifecycle.follow(application, loop)) {
            Thread system = new Thread(() -> {
                application.connectivity.available(new Network(1));
                application.connectivity.available(new Network(2));
            });
            system.start();
            system.join();
            loop.poll();
            assertEquals(List.of(), calls);
            assertEquals("the network has changed", take());
        }
    }

    @Test
    void anEngineWithItsOwnLifecycleCallsSuspendAndResume() {
        application.connectivity.active = new NetworkInfo(1);
        try (WebSocketLoop loop = loop(); AppLifecycle lifecycle = AppLifecycle.followNetwork(application, loop)) {
            assertTrue(application.callbacks.isEmpty());
            lifecycle.suspend();
            assertEquals("suspended", take());
            application.connectivity.available(new Network(1));
            application.connectivity.available(new Network(2));
            assertEquals("", take());
            lifecycle.resume();
            assertEquals("resumed", take()); // this includes the change: see LoopLifecycleTest
        }
        assertTrue(application.connectivity.callbacks.isEmpty() && Looper.myLooper().isIdle());
    }

    /** A lifecycle that follows only the network, and that the program does not close, also ends. */
    @Test
    void itEndsWithItsLoopAtTheNextNotice() {
        WebSocketLoop loop = loop();
        AppLifecycle.followNetwork(application, loop);
        loop.close();
        application.connectivity.available(new Network(1));
        Looper.myLooper().advance(0);
        assertTrue(application.connectivity.callbacks.isEmpty() && Looper.myLooper().isIdle());
    }

    @Test
    void itEndsWithItsLoopAndMayBeClosedTwice() {
        WebSocketLoop loop = loop();
        AppLifecycle lifecycle = AppLifecycle.follow(application, loop);
        loop.close();
        calls.clear();
        application.connectivity.available(new Network(1));
        application.connectivity.available(new Network(2));
        application.start(new Activity());
        assertTrue(application.callbacks.isEmpty() && application.connectivity.callbacks.isEmpty());
        lifecycle.close();
        lifecycle.close();
        assertEquals("", take());
    }

    /** This is the code of an activity in onCreate and onDestroy. */
    private static WeakReference<WebSocketLoop> liveAndDie(Application application, boolean frames) throws Exception {
        Looper looper = Looper.myLooper();
        WebSocketLoop loop = new WebSocketLoop();
        LooperDriver driver = frames ? LooperDriver.onFrame(loop) : LooperDriver.onWakeup(loop, looper);
        AppLifecycle lifecycle = AppLifecycle.follow(application, loop);
        Activity activity = new Activity();
        application.start(activity);
        Support.Recorder events = new Support.Recorder();
        loop.connect(Support.ECHO, events);
        while (events.connects == 0) {
            assertTrue(looper.runOne(Support.WAIT_LIMIT_MILLIS), "no wake-up");
            Choreographer.getInstance().frame();
        }
        application.stop(activity);
        lifecycle.close();
        driver.close();
        loop.close();
        return new WeakReference<>(loop);
    }

    /** After the close, neither Android's classes nor the library refer to the loop. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anActivityThatClosesLeaksNothing(boolean frames) throws Exception {
        WeakReference<WebSocketLoop> loop = liveAndDie(application, frames);
        long deadline = System.nanoTime() + Support.WAIT_LIMIT_MILLIS * 1_000_000;
        while (loop.get() != null) {
            assertTrue(System.nanoTime() < deadline, "the loop is not collected");
            System.gc();
            Thread.yield();
        }
    }
}
