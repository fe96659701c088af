import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.ref.WeakReference;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BooleanSupplier;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketLoop;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests loops that the program drops without closing them. */
class LeakTest {
    private final PrintStream stderr = System.err;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    @BeforeEach
    void captureStderr() {
        System.setErr(new PrintStream(written, true));
    }

    @AfterEach
    void restoreStderr() {
        System.setErr(stderr);
    }

    private static void collectUntil(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Support.WAIT_LIMIT_MILLIS * 1_000_000;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "waited too long until " + what);
            System.gc();
            Thread.yield();
        }
    }

    /** The open socket, the listener and the log refer to the loop, as in an activity. */
    private static void lose(String url) {
        WebSocketLoop[] own = new WebSocketLoop[1];
        WebSocketLoop loop = new WebSocketLoop(new LoopOptions.Builder().log((level, text, id) -> own[0].isClosed()).build());
        own[0] = loop;
        Support.Recorder events = new Support.Recorder() {
            @Override
            public void onConnect(WebSocket socket) {
                super.onConnect(socket);
                assertFalse(loop.isClosed());
            }
        };
        loop.connect(url, events);
        Support.until(loop, "it connects", () -> events.connects == 1);
    }

    @Test
    void aLostLoopIsReportedAndEnds() throws Exception {
        try (Server server = new Server(peer -> {
                    peer.accept("");
                    peer.closing();
                    peer.found("the end");
                })) {
            lose(server.url());
            collectUntil("the loop is reported, with the place that created it", () -> written.toString().contains("LeakTest.lose"));
            assertEquals("the end", server.take());
        }
    }

    private static WeakReference<WebSocketLoop> closed() {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            loop.poll();
            return new WeakReference<>(loop);
        }
    }

    @Test
    void aClosedLoopIsNotReported() {
        WeakReference<WebSocketLoop> loop = closed();
        collectUntil("the loop is collected", () -> loop.get() == null);
        lose(Support.ECHO); // the same thread finds this loop later
        collectUntil("the other loop is reported", () -> written.toString().contains("made here"));
        assertEquals(1, written.toString().split("was not closed", -1).length - 1, written::toString);
    }

    private static WeakReference<WebSocketLoop> driven(LinkedBlockingQueue<Runnable> polls) {
        WebSocketLoop loop = new WebSocketLoop();
        loop.setWakeup(() -> polls.add(loop::poll));
        loop.connect(Support.ECHO, new Support.Recorder() {
            @Override
            public void onConnect(WebSocket socket) {
                socket.send("alive");
            }

            @Override
            public void onMessage(WebSocket socket, String text) {
                loop.close();
            }
        });
        return new WeakReference<>(loop);
    }

    /** A wake-up polls the loop, so it keeps the loop alive. */
    @Test
    void aLoopWithAWakeupLives() throws Exception {
        LinkedBlockingQueue<Runnable> polls = new LinkedBlockingQueue<>();
        WeakReference<WebSocketLoop> loop = driven(polls);
        while (loop.get() != null && !loop.get().isClosed()) {
            System.gc();
            Runnable poll = polls.poll(Support.WAIT_LIMIT_MILLIS, java.util.concurrent.TimeUnit.MILLISECONDS);
            assertTrue(poll != null, "no wake-up");
            poll.run();
        }
        collectUntil("the loop is collected", () -> {
            polls.clear();
            return loop.get() == null;
        });
        assertEquals("", written.toString());
    }
}
