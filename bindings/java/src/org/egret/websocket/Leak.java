package org.egret.websocket;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A loop that the garbage collector found before it was closed. A thread ends the loop and writes to {@link System#err} where
 * it was created. This object refers neither to the loop nor to objects of the program, because such references would keep the
 * loop alive.
 */
final class Leak extends PhantomReference<WebSocketLoop> {
    private static final ReferenceQueue<WebSocketLoop> FOUND = new ReferenceQueue<>();
    /** Keeps the references to loops that are not closed, because a reference that is itself collected is never enqueued. */
    private static final Set<Leak> WATCHED = Collections.newSetFromMap(new ConcurrentHashMap<Leak, Boolean>());

    static {
        Thread thread = new Thread(new Runnable() {
            @Override
            public void run() {
                while (true) endNext();
            }
        }, "egret-ws leaks");
        thread.setDaemon(true);
        thread.setContextClassLoader(null); // so that it keeps no program alive
        thread.start();
    }

    private final long handle;
    private final long reference;
    private final Throwable made = new Throwable("the loop was made here");

    private Leak(WebSocketLoop loop, long handle, long reference) {
        super(loop, FOUND);
        this.handle = handle;
        this.reference = reference;
    }

    static Leak watch(WebSocketLoop loop, long handle, long reference) {
        Leak leak = new Leak(loop, handle, reference);
        WATCHED.add(leak);
        return leak;
    }

    /** Call it when the loop was closed. */
    void forget() {
        WATCHED.remove(this);
        clear();
    }

    private static void endNext() {
        try {
            Leak leak = (Leak) FOUND.remove();
            if (WATCHED.remove(leak)) leak.end();
        } catch (InterruptedException continues) {
            // The thread lives until the end of the process.
        } catch (Throwable thrown) {
            Callbacks.uncaught(thrown);
        }
    }

    private void end() {
        long[] lost = new long[LoopCloseInfo.COUNT];
        Native.loopFree(handle, reference, lost);
        System.err.println("egret-ws: a WebSocketLoop was not closed before the garbage collector found it: "
                + new LoopCloseInfo(lost));
        made.printStackTrace();
    }
}
