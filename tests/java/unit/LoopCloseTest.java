import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopCloseInfo;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that a loop may be closed anywhere and at any time, and that late calls do nothing. */
class LoopCloseTest {
    /** Returns whether the library has freed the loop. */
    private static boolean isFreed(WebSocketLoop loop) {
        try {
            Field handle = WebSocketLoop.class.getDeclaredField("handle");
            handle.setAccessible(true);
            Method wake = Class.forName("org.egret.websocket.Native").getDeclaredMethod("loopWake", long.class);
            wake.setAccessible(true);
            return (int) wake.invoke(null, handle.getLong(loop)) == ErrorCode.BAD_HANDLE.getNumber();
        } catch (ReflectiveOperationException changed) {
            throw new AssertionError(changed);
        }
    }

    /** Late calls of a NetworkCallback, a Choreographer or a timer do nothing. */
    static void assertQuiet(WebSocketLoop loop) {
        assertTrue(loop.isClosed());
        assertEquals(0, loop.poll());
        assertEquals(0, loop.poll(-1));
        loop.wake();
        loop.suspend();
        loop.resume();
        loop.networkChanged();
        loop.setWakeup(() -> {});
        loop.setWakeup(null);
        assertEquals(-1, loop.getDescriptor());
        assertEquals(Integer.MAX_VALUE, loop.getNextPollMillis());
        loop.close();
        assertEquals(ErrorCode.BAD_HANDLE, Support.errorOf(() -> loop.connect(Support.ECHO, new Support.Recorder())));
    }

    /** The loop ends when the poll returns. After the call of close, sockets get no more events of the same poll. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void inAListener(boolean inline) {
        int sockets = 8;
        int[] events = new int[1];
        boolean[] closing = new boolean[1];
        Throwable[] thrown = new Throwable[1];
        LoopOptions options = new LoopOptions.Builder().inline(inline).exceptionHandler((socket, t) -> thrown[0] = t).build();
        WebSocketLoop loop = new WebSocketLoop(options);
        Support.Recorder listener = new Support.Recorder() {
            @Override
            public void onMessage(WebSocket socket, String text) {
                assertFalse(loop.isClosed(), "an event after close");
                events[0]++;
                if (!closing[0]) return;
                loop.close();
                assertQuiet(loop);
                assertEquals(ErrorCode.NOT_OPEN, socket.send("late"));
                assertEquals(ErrorCode.NOT_OPEN, socket.ping());
                assertEquals(WebSocket.State.CLOSED, socket.getState());
                assertEquals(1, socket.getGeneration());
            }

            @Override
            public void onClose(WebSocket socket, CloseInfo info) {
                throw new AssertionError("closed");
            }
        };
        WebSocket[] all = new WebSocket[sockets];
        for (int i = 0; i < sockets; i++) all[i] = loop.connect(Support.ECHO, listener);
        Support.until(loop, "all connect", () -> listener.connects == sockets);
        for (int i = 0; i < 3 * sockets; i++) all[i % sockets].send("before");
        Support.until(loop, "all echo", () -> events[0] == 3 * sockets);
        closing[0] = true;
        for (int i = 0; i < 3 * sockets; i++) all[i % sockets].send("now");
        Support.until(loop, "the loop is closed", loop::isClosed);
        assertNull(thrown[0], () -> thrown[0].toString());
        assertEquals(3 * sockets + 1, events[0]);
        assertTrue(isFreed(loop));
        assertQuiet(loop);
        // The I/O thread may not have sent all messages when the loop is closed.
        long sent = all[0].getStats().getMessagesSent();
        assertTrue(inline ? sent == 6 : 3 <= sent && sent <= 6, () -> sent + " messages");
    }

    /** The loop counts the messages that it could not send. If all messages were sent, the count is zero. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void lostMessagesAreCounted(boolean inline) throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        WebSocketOptions plain = new WebSocketOptions.Builder().disableDeflate(true).build();
        try (Server server = new Server(peer -> {
                    peer.accept("");
                    ended.await(); // the server reads nothing
                })) {
            Support.Recorder events = new Support.Recorder();
            WebSocketLoop loop = Support.loop(inline);
            WebSocket socket = loop.connect(server.url(), plain, events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            byte[] data = new byte[100_000];
            Support.until(loop, "the buffer is full", () -> socket.send(data) == ErrorCode.BACKPRESSURE);
            long waiting = socket.getBufferedAmount();
            assertNull(loop.getCloseInfo());
            loop.close();
            LoopCloseInfo lost = loop.getCloseInfo();
            assertEquals(1, lost.getSockets());
            assertTrue(lost.getUnsentMessages() > 0 && lost.getUnsentMessages() <= waiting / data.length, lost::toString);
            assertEquals(lost.getUnsentMessages() * data.length, lost.getUnsentBytes());
            ended.countDown();
        }
        WebSocketLoop idle = Support.loop(inline);
        idle.close();
        assertEquals(0, idle.getCloseInfo().getSockets() + idle.getCloseInfo().getUnsentMessages() + idle.getCloseInfo().getUnsentBytes());
    }

    /** A poll that waits without a limit returns, and the loop ends at that point. */
    @Test
    void whileAnotherThreadPolls() throws Exception {
        for (int i = 0; i < 50; i++) {
            WebSocketLoop loop = new WebSocketLoop();
            LinkedBlockingQueue<Object> ended = new LinkedBlockingQueue<>();
            Thread poller = new Thread(() -> {
                try {
                    while (!loop.isClosed()) loop.poll(-1);
                    ended.add("quietly");
                } catch (Throwable thrown) {
                    ended.add(thrown);
                }
            });
            poller.start();
            if (i % 2 == 0) Thread.yield();
            loop.close();
            assertEquals("quietly", ended.poll(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS));
            poller.join();
            assertTrue(isFreed(loop));
        }
    }

    /** The lines of a loop's log. A misuse is still logged. */
    private static final class Lines implements LoopOptions.Log {
        final LinkedBlockingQueue<String> refusals = new LinkedBlockingQueue<>();

        @Override
        public void onLog(LoopOptions.LogLevel level, String text, long socketId) {
            if (text.contains("refused")) refusals.add(text);
        }

        WebSocketLoop loop(boolean inline) {
            return new WebSocketLoop(new LoopOptions.Builder().inline(inline).log(this).build());
        }
    }

    /** A correct close logs no refused call, whether a poll waits or not. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theLogHasNoRefusal(boolean inline) throws Exception {
        Lines lines = new Lines();
        for (int i = 0; i < 20; i++) {
            WebSocketLoop loop = lines.loop(inline);
            CountDownLatch polls = new CountDownLatch(1);
            Thread poller = new Thread(() -> {
                polls.countDown();
                while (!loop.isClosed()) loop.poll(-1);
            });
            poller.start();
            polls.await();
            if (i % 2 == 0) Thread.sleep(10);
            loop.close();
            poller.join();
            assertTrue(isFreed(loop));
        }
        WebSocketLoop inListener = lines.loop(inline);
        inListener.connect(Support.ECHO, new Support.Recorder() {
            @Override
            public void onConnect(WebSocket socket) {
                inListener.close();
            }
        });
        Support.until(inListener, "it is closed", inListener::isClosed);
        assertTrue(isFreed(inListener));
        assertTrue(lines.refusals.isEmpty(), lines.refusals::toString);
    }

    /** A close in a wake-up, which cannot end the loop, logs none either. */
    @Test
    void theLogHasNoRefusalOfAHook() throws Exception {
        Lines lines = new Lines();
        WebSocketLoop loop = lines.loop(false);
        CountDownLatch called = new CountDownLatch(1);
        loop.setWakeup(() -> {
            loop.close();
            called.countDown();
        });
        loop.connect(Support.ECHO, new Support.Recorder());
        assertTrue(called.await(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS));
        loop.poll();
        assertTrue(lines.refusals.isEmpty(), lines.refusals::toString);
    }

    @Test
    void theLogHasAMisuse() throws Exception {
        Lines lines = new Lines();
        WebSocketLoop loop = lines.loop(false);
        LinkedBlockingQueue<ErrorCode> nested = new LinkedBlockingQueue<>();
        loop.connect(Support.ECHO, new Support.Recorder() {
            @Override
            public void onConnect(WebSocket socket) {
                nested.add(Support.errorOf(loop::poll));
            }
        });
        Support.until(loop, "it connects", () -> !nested.isEmpty());
        assertEquals(ErrorCode.REENTRANT, nested.poll());
        Thread poller = new Thread(() -> {
            while (!loop.isClosed()) Support.errorOf(() -> loop.poll(-1));
        });
        poller.start();
        long deadline = System.nanoTime() + Support.WAIT_LIMIT_MILLIS * 1_000_000;
        while (Support.errorOf(loop::poll) != ErrorCode.BUSY) assertTrue(System.nanoTime() < deadline);
        loop.close();
        poller.join();
        assertTrue(isFreed(loop));
        assertTrue(lines.refusals.size() >= 2, lines.refusals::toString);
        for (String line : lines.refusals) assertTrue(line.startsWith("egret_ws_loop_poll refused"), line);
    }

    /** Several threads call the loop while another thread closes it: no call throws. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whileOtherThreadsCall(boolean inline) throws Exception {
        for (int i = 0; i < 20; i++) {
            WebSocketLoop loop = Support.loop(inline);
            WebSocket socket = loop.connect(Support.ECHO, new Support.Recorder());
            LinkedBlockingQueue<Throwable> thrown = new LinkedBlockingQueue<>();
            AtomicBoolean stop = new AtomicBoolean();
            Runnable[] calls = {loop::wake, loop::suspend, loop::resume, loop::networkChanged, loop::getNextPollMillis,
                loop::getDescriptor, socket::ping, socket::retryNow, socket::pauseReceive, socket::resumeReceive, socket::close, socket::cancel, () -> socket.send("perhaps"),
                socket::getStats, socket::getState, socket::getBufferedAmount};
            Thread[] threads = new Thread[2];
            for (int t = 0; t < threads.length; t++) {
                threads[t] = new Thread(() -> {
                    try {
                        while (!stop.get())
                            for (Runnable call : calls) call.run();
                    } catch (Throwable late) {
                        thrown.add(late);
                    }
                });
                threads[t].start();
            }
            loop.poll(1);
            loop.close();
            loop.poll(-1);
            stop.set(true);
            for (Thread thread : threads) thread.join();
            assertTrue(thrown.isEmpty(), thrown::toString);
            assertTrue(isFreed(loop));
        }
    }

    /** A log callback outside of a poll closes the loop: the loop ends with the next call. */
    @Test
    void inALog() {
        WebSocketLoop[] loop = new WebSocketLoop[1];
        loop[0] = new WebSocketLoop(new LoopOptions.Builder().log((level, text, socket) -> loop[0].close()).build());
        assertEquals(ErrorCode.INVALID_URL, Support.errorOf(() -> loop[0].connect("http://[", new Support.Recorder())));
        assertTrue(loop[0].isClosed());
        assertFalse(isFreed(loop[0]));
        assertEquals(0, loop[0].poll(-1));
        assertTrue(isFreed(loop[0]));
    }

    @Test
    void inAWakeup() throws Exception {
        WebSocketLoop loop = new WebSocketLoop();
        LinkedBlockingQueue<String> called = new LinkedBlockingQueue<>();
        loop.setWakeup(() -> {
            loop.close();
            called.add("closed");
        });
        loop.connect(Support.ECHO, new Support.Recorder());
        assertEquals("closed", called.poll(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS));
        assertQuiet(loop);
        long deadline = System.nanoTime() + Support.WAIT_LIMIT_MILLIS * 1_000_000;
        while (!isFreed(loop)) { // until the wake-up has returned
            assertTrue(System.nanoTime() < deadline);
            loop.close();
        }
    }
}
