package org.egret.websocket;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Methods that {@code jni/callbacks.c} calls. They catch and report every exception, and the next event comes.
 *
 * <p>The polling thread may deliver the first event before {@code connect} has returned the handle on another thread. So each event
 * has the handle as an argument.
 */
final class Callbacks {
    private Callbacks() {}

    static void onConnect(WebSocket socket, long handle) {
        socket.handle = handle;
        try {
            socket.listener.onConnect(socket);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    static void onText(WebSocket socket, String text) {
        try {
            socket.listener.onMessage(socket, text);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    /** Long text. */
    static void onUtf8(WebSocket socket, byte[] text) {
        try {
            socket.listener.onMessage(socket, new String(text, StandardCharsets.UTF_8));
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    static void onBinary(WebSocket socket, byte[] data) {
        try {
            socket.listener.onMessage(socket, data);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    static void onDirect(WebSocket socket, ByteBuffer data, int length) {
        try {
            data.clear();
            data.limit(length);
            socket.listener.onMessage(socket, data);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    static void onClose(WebSocket socket, long handle, CloseInfo info) {
        socket.handle = handle;
        try {
            socket.listener.onClose(socket, info);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
        socket.keepLastValues(); // C frees the socket after this call
    }

    static void onDrain(WebSocket socket) {
        try {
            socket.listener.onDrain(socket);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    static void onRetry(WebSocket socket, long handle, CloseInfo info, int attempt, long delayMillis) {
        socket.handle = handle;
        try {
            socket.listener.onRetry(socket, info, attempt, delayMillis);
        } catch (Throwable thrown) {
            report(socket, thrown);
        }
    }

    static void onLog(long loopId, int level, String text, long socketId) {
        WebSocketLoop loop = WebSocketLoop.withId(loopId);
        if (loop == null) return;
        try {
            loop.options.log.onLog(level, text, socketId);
        } catch (Throwable thrown) {
            report(loop, null, thrown);
        }
    }

    static void onWakeup(long loopId) {
        WebSocketLoop loop = WebSocketLoop.withId(loopId);
        if (loop == null) return;
        try {
            loop.wakeUp();
        } catch (Throwable thrown) {
            report(loop, null, thrown);
        }
    }

    /** C also calls this for an exception that the shim itself raised, mostly for a lack of memory. */
    static void report(WebSocket socket, Throwable thrown) {
        report(socket.loop, socket, thrown);
    }

    static void report(WebSocketLoop loop, WebSocket socket, Throwable thrown) {
        LoopOptions.ExceptionHandler handler = loop.options.exceptionHandler;
        if (handler != null) {
            try {
                handler.onException(socket, thrown);
                return;
            } catch (Throwable another) {
                another.printStackTrace();
            }
        }
        thrown.printStackTrace();
    }
}
