import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.egret.websocket.EgretSockets;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests the functions of the original runtime. */
class EgretSocketsTest implements EgretSockets.Callback {
    private final List<String> events = new ArrayList<>();
    private final List<Throwable> thrown = new ArrayList<>();
    private final EgretSockets sockets = new EgretSockets(this,
            new LoopOptions.Builder().exceptionHandler((socket, t) -> thrown.add(t)).build(), null);
    private boolean reopens;
    private boolean throwsAlways;

    private void record(String what) {
        events.add(what);
        if (throwsAlways) throw new IllegalStateException(what);
    }

    @Override
    public void onOpen(int id) {
        record(id + " open");
    }

    @Override
    public void onMessage(int id, String text) {
        record(id + " text " + text);
    }

    @Override
    public void onMessage(int id, byte[] data) {
        record(id + " binary " + data.length);
    }

    @Override
    public void onError(int id, ErrorCode error) {
        record(id + " " + error);
    }

    @Override
    public void onClose(int id) {
        if (reopens) {
            reopens = false;
            sockets.websocket_open(id, Support.ECHO);
        }
        record(id + " close");
    }

    @AfterEach
    void close() {
        sockets.close();
    }

    private void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + Support.WAIT_LIMIT_MILLIS * 1_000_000;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) fail("waited too long after " + events);
            sockets.poll();
            Thread.yield();
        }
    }

    private void untilEvent(String last) {
        until(() -> events.contains(last));
    }

    @Test
    void echo() {
        sockets.websocket_open(7, Support.ECHO);
        untilEvent("7 open");
        sockets.websocket_send(7, "hello");
        sockets.websocket_send(7, new byte[3]);
        sockets.websocket_send(7, "");
        untilEvent("7 text ");
        sockets.websocket_close(7);
        untilEvent("7 close");
        assertEquals(List.of("7 open", "7 text hello", "7 binary 3", "7 text ", "7 close"), events);
    }

    @Test
    void everyFailureIsAnErrorAndThenAClose() {
        sockets.websocket_open(1, "http//");
        sockets.websocket_send(1, "x");
        sockets.websocket_open(2, "ws://127.0.0.1:1/");
        assertEquals(List.of(), events);
        until(() -> events.size() == 4);
        assertEquals(List.of("1 INVALID_URL", "1 close"), events.stream().filter(l -> l.startsWith("1")).toList());
        assertEquals(List.of("2 CONNECT", "2 close"), events.stream().filter(l -> l.startsWith("2")).toList());
    }

    @Test
    void aRefusedCallLeavesTheSocketOpen() {
        sockets.websocket_open(1, Support.ECHO);
        sockets.websocket_send(1, "too early");
        untilEvent("1 open");
        untilEvent("1 NOT_OPEN");
        sockets.websocket_send(1, new byte[200_000]);
        sockets.websocket_open(1, Support.ECHO); // this ID is in use
        sockets.websocket_send(1, "still there");
        untilEvent("1 text still there");
        untilEvent("1 MESSAGE_TOO_BIG");
        untilEvent("1 INVALID_ARGUMENT");
        assertEquals(5, events.size(), events::toString);
    }

    @Test
    void unknownIdsAreIgnored() {
        sockets.websocket_send(9, "x");
        sockets.websocket_send(9, new byte[1]);
        sockets.websocket_close(9);
        sockets.poll();
        sockets.poll();
        assertEquals(List.of(), events);
    }

    @Test
    void aCloseWhileConnectingIsNoError() {
        sockets.websocket_open(3, Support.ECHO);
        sockets.websocket_close(3);
        untilEvent("3 close");
        assertEquals(List.of("3 close"), events);
    }

    @Test
    void anIdCanBeReusedInItsOnClose() {
        reopens = true;
        sockets.websocket_open(4, "http//");
        untilEvent("4 open");
        assertEquals(List.of("4 INVALID_URL", "4 close", "4 open"), events);
    }

    @Test
    void noMessageComesAfterClose() {
        sockets.websocket_open(5, Support.ECHO);
        untilEvent("5 open");
        for (int i = 0; i < 20; i++) sockets.websocket_send(5, "echo");
        sockets.websocket_close(5);
        untilEvent("5 close");
        assertEquals(List.of("5 open", "5 close"), events);
    }

    @Test
    void otherEventsStillComeAfterAnExceptionOfACallback() {
        throwsAlways = true;
        sockets.websocket_open(1, "http//");
        sockets.websocket_open(6, Support.ECHO);
        untilEvent("6 open");
        untilEvent("1 close");
        sockets.websocket_send(6, "x");
        untilEvent("6 text x");
        sockets.websocket_close(6);
        untilEvent("6 close");
        assertEquals(events.size(), thrown.size());
    }
}
