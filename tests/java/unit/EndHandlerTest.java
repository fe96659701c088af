import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketException;
import org.egret.websocket.WebSocketLoop;
import org.junit.jupiter.api.Test;

/** Each socket ends once, whatever the reason is, and the handler is called once. */
class EndHandlerTest {
    private final List<String> events = new ArrayList<>();
    private final Support.Recorder listener = new Support.Recorder() {
        @Override
        public void onClose(WebSocket socket, CloseInfo info) {
            super.onClose(socket, info);
            events.add("onClose");
        }
    };

    private WebSocket connected(WebSocketLoop loop) {
        WebSocket socket = loop.connect(Support.ECHO, listener);
        socket.setEndHandler(() -> events.add("end"));
        Support.until(loop, "it connects", () -> listener.connects == 1);
        return socket;
    }

    @Test
    void afterOnClose() {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = connected(loop);
            socket.close();
            Support.until(loop, "it ends", () -> events.size() == 2);
            socket.free();
        }
        assertEquals(List.of("onClose", "end"), events);
    }

    @Test
    void inFree() {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = connected(loop);
            socket.setEndHandler(() -> events.add("the second handler " + socket.send("late")));
            socket.free();
            assertEquals(List.of("the second handler NOT_OPEN"), events);
            socket.free();
        }
        assertEquals(1, events.size());
    }

    @Test
    void inTheCloseOfTheLoop() {
        WebSocketLoop loop = new WebSocketLoop();
        WebSocket socket = connected(loop);
        socket.setEndHandler(() -> events.add("end, closed " + loop.isClosed()));
        loop.close();
        loop.close();
        assertEquals(List.of("end, closed true"), events);
    }

    @Test
    void immediatelyIfItHasEnded() {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = connected(loop);
            socket.setEndHandler(null);
            socket.free();
            socket.setEndHandler(null);
            assertEquals(List.of(), events);
            socket.setEndHandler(() -> events.add("late"));
            assertEquals(List.of("late"), events);
        }
    }

    @Test
    void itsExceptionGoesToTheHandlerOfExceptions() {
        List<Throwable> found = new ArrayList<>();
        LoopOptions options = new LoopOptions.Builder().exceptionHandler((socket, thrown) -> found.add(thrown)).build();
        RuntimeException thrown = new RuntimeException("of the end handler");
        try (WebSocketLoop loop = new WebSocketLoop(options)) {
            WebSocket socket = connected(loop);
            socket.setEndHandler(() -> {
                throw thrown;
            });
            socket.free();
            assertEquals(1, found.size());
            assertSame(thrown, found.get(0));
        }
    }

    /** One thread connects while another thread closes the loop: the handler is called for each socket that was created. */
    @Test
    void connectsDuringACloseOfTheLoop() throws Exception {
        for (int round = 0; round < 200; round++) {
            WebSocketLoop loop = new WebSocketLoop();
            CyclicBarrier start = new CyclicBarrier(2);
            Thread closing = new Thread(() -> {
                await(start);
                loop.close();
            });
            closing.start();
            await(start);
            AtomicInteger made = new AtomicInteger();
            AtomicInteger ended = new AtomicInteger();
            try {
                while (true) {
                    WebSocket socket = loop.connect(Support.ECHO, listener);
                    made.incrementAndGet();
                    socket.setEndHandler(ended::incrementAndGet);
                }
            } catch (WebSocketException refused) {
                assertTrue(loop.isClosed() || refused.getError() == ErrorCode.NO_RESOURCES, refused.getMessage());
            }
            closing.join();
            assertEquals(made.get(), ended.get());
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception broken) {
            throw new AssertionError(broken);
        }
    }

    /** Code that uses the binding can throw this exception with the close report. */
    @Test
    void anExceptionHasTheReport() {
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = connected(loop);
            socket.cancel();
            Support.until(loop, "it ends", () -> events.contains("end"));
            CloseInfo info = socket.getCloseInfo();
            WebSocketException ended = new WebSocketException(info.getError(), info.getMessage(), info);
            assertSame(info, ended.getCloseInfo());
            assertEquals(ErrorCode.ABORTED, ended.getError());
            assertEquals("ABORTED: " + info.getMessage(), ended.getMessage());
            assertEquals("NOT_OPEN", new WebSocketException(ErrorCode.NOT_OPEN, "", null).getMessage());
            try {
                socket.close(999, "");
            } catch (WebSocketException refused) {
                assertNull(refused.getCloseInfo());
            }
        }
    }
}
