package org.egret.websocket;

import java.nio.ByteBuffer;

/**
 * The functions of {@code egret_ws.h}, implemented in {@code jni/}. They return the library's results: 0 or more, or an error. A
 * function that returns an object throws {@link WebSocketException} for an error, and returns null for a freed socket.
 */
final class Native {
    static {
        NativeLibrary.load();
    }

    private Native() {}

    /** Stores the handle of the loop, and the reference to {@code self} that C keeps until {@link #loopFree}. */
    static native int loopNew(WebSocketLoop self, int flags, boolean log, int[] numbers, boolean resolve, boolean proxy, boolean socket,
            int maxHookThreads, TlsProvider tls, long[] out);

    static native int loopPoll(long loop, int timeoutMillis);

    static native int loopWake(long loop);

    static native int loopSetWakeup(long loop, long reference, boolean on);

    static native int loopDescriptor(long loop);

    static native int loopTimeout(long loop);

    static native int loopSuspend(long loop);

    static native int loopResume(long loop);

    static native int loopNetworkChanged(long loop);

    /** Fills the values of a {@link LoopCloseInfo}. */
    static native int loopFree(long loop, long reference, long[] lost);

    /**
     * The target is a URL if the port is -1. {@code small} receives small messages. {@code direct} receives binary messages;
     * without it, each binary message gets a new array.
     */
    static native int connect(long loop, String target, int port, WebSocket socket, int flags, int[] numbers,
            String[] texts, String[] headers, byte[] tlsRoots, byte[] tlsIdentity, boolean hook, boolean frames, ByteBuffer small,
            ByteBuffer direct, long[] out);

    /** {@code units} are the characters of the text, or null. */
    static native int sendText(long socket, String text, char[] units);

    static native int sendArray(long socket, byte[] data, int offset, int length);

    static native int sendDirect(long socket, ByteBuffer data, int offset, int length);

    static native int close(long socket, int code, String reason);

    static native int free(long socket);

    static native int abort(long socket);

    static native int state(long socket);

    static native long bufferedAmount(long socket);

    static native int generation(long socket);

    static native int retryNow(long socket);

    static native int pauseReceive(long socket);

    static native int resumeReceive(long socket);

    /** Null: no payload. */
    static native int ping(long socket, byte[] data);

    /** Returns the text with this number of {@link LastValues}. */
    static native String text(long socket, int which);

    /** Also returns null if the answer has no header with this name. */
    static native String responseHeader(long socket, String name);

    /** Returns null for a freed socket. */
    static native byte[] responseBody(long socket);

    /** Also returns null if there is no certificate with this index. */
    static native byte[] peerCertificate(long socket, int index);

    /** Fills the values. Returns false if the socket was freed. */
    static native boolean stats(long socket, long[] values);

    static native int requestSetUrl(long request, String url);

    static native int requestSetHeader(long request, String name, String value);

    static native int requestSetSubprotocols(long request, String list);

    static native int requestSetAddresses(long request, String list);

    /** Null: use the system's resolver. */
    static native int resolved(long query, String addresses);

    /** Null: the proxies could not be found. */
    static native int proxyFound(long query, String proxies);

    /** Returns whether the library has its own TLS. */
    static native boolean hasTls();

    /** Reports that a step of a handshake has ended. Any thread may call it. */
    static native int tlsReady(long socket);

    static native String normalizeUrl(String url);

    /** Returns the reason of the last refused call of this thread. */
    static native String lastErrorMessage();

    static native String versionString();

    static native int versionNumber();
}
