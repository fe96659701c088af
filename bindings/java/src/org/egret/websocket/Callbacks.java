package org.egret.websocket;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Methods that {@code jni/callbacks.c} calls. They catch and report every exception, and later events are still delivered.
 *
 * <p>The polling thread may deliver the first event before {@code connect} has returned the handle on another thread. So each event
 * has the handle as an argument. C has only weak references: the socket is null if another thread has freed it and it was
 * collected.
 */
final class Callbacks {
    /** How many hooks, logs and wake-ups run on this thread. Inside them the library frees no loop. */
    private static final ThreadLocal<int[]> HOOKS = new ThreadLocal<int[]>() {
        @Override
        protected int[] initialValue() {
            return new int[1];
        }
    };

    private Callbacks() {}

    static boolean isInHook() {
        return HOOKS.get()[0] != 0;
    }

    /** Returns whether events of the socket must be dropped, because its loop was closed in a listener of the current poll. */
    private static boolean isOver(WebSocket socket) {
        return socket == null || socket.loop.isClosed();
    }

    static void onConnect(WebSocket socket, long handle) {
        if (isOver(socket)) return;
        socket.handle = handle;
        try {
            socket.listener.onConnect(socket);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    /** A text in the loop's memory. */
    static void onSmallText(WebSocket socket, int length) {
        if (isOver(socket)) return;
        try {
            WebSocketLoop loop = socket.loop;
            loop.small.clear();
            loop.small.get(loop.smallText, 0, length);
            socket.listener.onMessage(socket, new String(loop.smallText, 0, length, StandardCharsets.UTF_8));
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    /** A long text. */
    static void onUtf8(WebSocket socket, byte[] text) {
        if (isOver(socket)) return;
        try {
            socket.listener.onMessage(socket, new String(text, StandardCharsets.UTF_8));
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    /** A binary message in the loop's memory. */
    static void onSmallBinary(WebSocket socket, int length) {
        if (isOver(socket)) return;
        try {
            byte[] data = new byte[length];
            socket.loop.small.clear();
            socket.loop.small.get(data);
            socket.listener.onMessage(socket, data);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    static void onBinary(WebSocket socket, byte[] data) {
        if (isOver(socket)) return;
        try {
            socket.listener.onMessage(socket, data);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    static void onDirect(WebSocket socket, ByteBuffer data, int length) {
        if (isOver(socket)) return;
        try {
            data.clear();
            data.limit(length);
            socket.listener.onMessage(socket, data);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    static void onPong(WebSocket socket, byte[] data) {
        if (isOver(socket)) return;
        try {
            socket.listener.onPong(socket, data);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    /** {@code info} is null if C had no memory for it. */
    static void onClose(WebSocket socket, long handle, CloseInfo info) {
        if (isOver(socket)) return;
        socket.handle = handle;
        socket.closeInfo = info == null ? CloseInfo.NO_MEMORY : ofHook(socket, info);
        try {
            socket.listener.onClose(socket, socket.closeInfo);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
        socket.keepLastValues(); // because C frees the socket after this call
        socket.end();
    }

    /** Returns the number of an action. */
    static int onRequest(WebSocket socket, long handle, long request, int attempt, CloseInfo last) {
        if (isOver(socket)) return RequestHook.Action.STOP.number;
        socket.handle = handle;
        try {
            RequestHook.Request open = new RequestHook.Request(request, attempt, last, socket.loop.options.cleartextPolicy);
            RequestHook.Action action = socket.requestHook.onRequest(socket, open);
            if (action == null) throw new NullPointerException("the RequestHook returned null");
            return action.number;
        } catch (Throwable thrown) {
            socket.hookFailure = thrown;
            report(socket, thrown);
            return RequestHook.Action.STOP.number;
        }
    }

    /** The report of an attempt that a RequestHook has ended names the hook, and its exception. */
    private static CloseInfo ofHook(WebSocket socket, CloseInfo info) {
        if (info == null || info.getPhase() != CloseInfo.Phase.REQUEST) return info;
        Throwable thrown = socket.hookFailure;
        if (info.getError() == ErrorCode.ABORTED && thrown != null)
            return new CloseInfo(info, "the RequestHook threw " + thrown);
        if (info.getError() == ErrorCode.TIMEOUT)
            return new CloseInfo(info, "the RequestHook returned WAIT, and let no attempt begin within openTimeoutMillis");
        return info;
    }

    static void onFrame(WebSocket socket, int kind, int opcode, boolean isFinal, boolean compressed, long length) {
        if (isOver(socket)) return;
        try {
            socket.listener.onFrame(socket, new Frame(kind, opcode, isFinal, compressed, length));
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    static void onDrain(WebSocket socket) {
        if (isOver(socket)) return;
        try {
            socket.listener.onDrain(socket);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    static void onRetry(WebSocket socket, long handle, CloseInfo info, int attempt, long delayMillis) {
        if (isOver(socket)) return;
        socket.handle = handle;
        try {
            socket.listener.onRetry(socket, ofHook(socket, info), attempt, delayMillis);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    /** Hooks run on threads of the library. */
    static void onResolve(WebSocket socket, long handle, String host, long query) {
        int[] hooks = HOOKS.get();
        hooks[0]++;
        try {
            if (isOver(socket)) return;
            socket.handle = handle;
            socket.loop.options.resolveHook.onResolve(socket, host, new ResolveHook.Query(query));
        } catch (Throwable thrown) {
            hookFailed(socket, "onResolve", thrown); // report it before the end of the attempt
            Native.resolved(query, "");
        } finally {
            hooks[0]--;
        }
    }

    static void onProxy(WebSocket socket, long handle, String url, long query) {
        int[] hooks = HOOKS.get();
        hooks[0]++;
        try {
            if (isOver(socket)) return;
            socket.handle = handle;
            socket.loop.options.proxyHook.onProxy(socket, url, new ProxyHook.Query(query));
        } catch (Throwable thrown) {
            hookFailed(socket, "onProxy", thrown);
            Native.proxyFound(query, null);
        } finally {
            hooks[0]--;
        }
    }

    /** Returns whether the descriptor may connect. */
    static boolean onSocket(WebSocket socket, long handle, int descriptor) {
        if (isOver(socket)) return false;
        socket.handle = handle;
        int[] hooks = HOOKS.get();
        hooks[0]++;
        try {
            return socket.loop.options.socketHook.onSocket(socket, descriptor);
        } catch (Throwable thrown) {
            hookFailed(socket, "onSocket", thrown);
            return false;
        } finally {
            hooks[0]--;
        }
    }

    /** An IOException is a normal outcome, such as a name without an address, so it is only logged. */
    private static void hookFailed(WebSocket socket, String hook, Throwable thrown) {
        if (!(thrown instanceof IOException)) {
            report(socket, thrown);
            return;
        }
        LoopOptions options = socket.loop.options;
        LoopOptions.LogLevel level = LoopOptions.LogLevel.WARN;
        if (options.log != null && options.getLogLevel().number >= level.number)
            onLog(socket.loop, level.number, hook + ": " + thrown, socket.handle);
    }

    static void onLog(WebSocketLoop loop, int level, String text, long socketId) {
        int[] hooks = HOOKS.get();
        hooks[0]++;
        try {
            loop.options.log.onLog(LoopOptions.LogLevel.of(level), text, socketId);
        } catch (Throwable thrown) {
            report(loop, null, thrown);
        } finally {
            hooks[0]--;
        }
    }

    static void onWakeup(WebSocketLoop loop) {
        int[] hooks = HOOKS.get();
        hooks[0]++;
        try {
            loop.wakeUp();
        } catch (Throwable thrown) {
            report(loop, null, thrown);
        } finally {
            hooks[0]--;
        }
    }

    /** C also calls this for an exception of the shim itself, mostly because there is no memory. */
    static void report(WebSocket socket, Throwable thrown) {
        if (socket == null) uncaught(thrown);
        else report(socket.loop, socket, thrown);
    }

    static void report(WebSocketLoop loop, WebSocket socket, Throwable thrown) {
        LoopOptions.ExceptionHandler handler = loop.options.exceptionHandler;
        if (handler != null) {
            try {
                handler.onException(socket, thrown);
                return;
            } catch (Throwable another) {
                if (another != thrown) uncaught(another);
            }
        }
        uncaught(thrown);
    }

    /** Ignores an exception of the handler itself, as the virtual machine does for an exception that ends a thread. */
    static void uncaught(Throwable thrown) {
        Thread thread = Thread.currentThread();
        try {
            thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
        } catch (Throwable ignored) {
            // The poll continues.
        }
    }
}
