package org.egret.websocket;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * The shape that shells of the original Egret runtime know: functions of one integer id that the game's side chose, and callbacks
 * that bring it back. For one thread, the game's; all callbacks come from {@link #poll}.
 *
 * <p>Nothing here throws, but a poll inside a callback. Every end that is not clean is {@code onError} and then {@code onClose}; each id that was opened gets
 * exactly one {@code onClose}, and may be opened anew from then on. After {@link #websocket_close} no message comes any more.
 */
public final class EgretSockets implements AutoCloseable {
    /** What the runtime hears. */
    public interface Callback {
        /** It is open. */
        void onOpen(int id);

        /** A text message. */
        void onMessage(int id, @NotNull String text);

        /** A binary message. */
        void onMessage(int id, @NotNull byte[] data);

        /** A call or the connection failed: one of {@link ErrorCode}. */
        void onError(int id, int error);

        /** It has ended; nothing of it follows. */
        void onClose(int id);
    }

    private final WebSocketLoop loop;
    private final WebSocketOptions options;
    private final Callback callback;
    private final Map<Integer, Peer> peers = new HashMap<>();
    /** What calls found out, for the next poll. */
    private final ArrayDeque<Failure> failures = new ArrayDeque<>();

    /** With a loop of its own. What the callback throws is the loop's options to handle. */
    public EgretSockets(@NotNull Callback callback, @Nullable LoopOptions loopOptions, @Nullable WebSocketOptions options) {
        this.callback = callback;
        this.options = options == null ? new WebSocketOptions.Builder().build() : options;
        loop = loopOptions == null ? new WebSocketLoop() : new WebSocketLoop(loopOptions);
    }

    /** The loop, for its {@code suspend}, {@code resume} and the like. */
    public @NotNull WebSocketLoop loop() {
        return loop;
    }

    /** Begins to connect. An id that is in use is an error of that socket, which goes on. */
    public void websocket_open(int id, @NotNull String url) {
        Peer peer = peers.get(id);
        if (peer != null) {
            failures.add(new Failure(peer, ErrorCode.INVALID_ARGUMENT));
            return;
        }
        peer = new Peer(id);
        peers.put(id, peer);
        try {
            peer.socket = loop.connect(url, options, peer);
        } catch (WebSocketException refused) {
            failures.add(new Failure(peer, refused.error));
        }
    }

    /** Sends text. To an id that is not open, nothing happens but an {@code onError} if it is in use. */
    public void websocket_send(int id, @NotNull String text) {
        Peer peer = peers.get(id);
        if (peer != null) peer.failed(peer.socket == null ? ErrorCode.NOT_OPEN : peer.socket.trySend(text));
    }

    /** Sends bytes, in the same way. */
    public void websocket_send(int id, @NotNull byte[] data) {
        Peer peer = peers.get(id);
        if (peer != null) peer.failed(peer.socket == null ? ErrorCode.NOT_OPEN : peer.socket.trySend(data));
    }

    /** Closes. */
    public void websocket_close(int id) {
        Peer peer = peers.get(id);
        if (peer == null) return;
        peer.closed = true;
        if (peer.socket != null) peer.socket.close();
    }

    /** Calls back what is due. Once a frame. */
    public void poll() {
        loop.poll();
        // What a callback finds out is for the next poll, so that none goes on for ever.
        for (int due = failures.size(); due > 0; due--) {
            Failure failure = failures.remove();
            if (peers.get(failure.peer.id) != failure.peer) continue; // it has ended meanwhile
            if (failure.peer.socket == null) {
                failure.peer.end(failure.error);
            } else {
                failure.peer.tell(failure.error);
            }
        }
    }

    /** Ends all, without another callback. */
    @Override
    public void close() {
        loop.close();
    }

    private static final class Failure {
        final Peer peer;
        final int error;

        Failure(Peer peer, int error) {
            this.peer = peer;
            this.error = error;
        }
    }

    private final class Peer extends WebSocketListener {
        private final int id;
        /** Null if it could not be made, as the next poll will say. */
        private WebSocket socket;
        /** The game closed it. */
        private boolean closed;

        Peer(int id) {
            this.id = id;
        }

        @Override
        public void onConnect(WebSocket socket) {
            if (!closed) callback.onOpen(id);
        }

        @Override
        public void onMessage(WebSocket socket, String text) {
            if (!closed) callback.onMessage(id, text);
        }

        @Override
        public void onMessage(WebSocket socket, byte[] data) {
            if (!closed) callback.onMessage(id, data);
        }

        @Override
        public void onClose(WebSocket socket, CloseInfo info) {
            // A close while connecting is what the game asked for, not a failure.
            end(info.error == ErrorCode.ABORTED ? ErrorCode.OK : info.error);
        }

        void failed(int error) {
            if (error != ErrorCode.OK) failures.add(new Failure(this, error));
        }

        void tell(int error) {
            try {
                callback.onError(id, error);
            } catch (Throwable thrown) {
                Callbacks.report(loop, socket, thrown);
            }
        }

        /** Its id is free in {@code onClose}, which may open it anew. */
        void end(int error) {
            if (error != ErrorCode.OK) tell(error);
            peers.remove(id);
            try {
                callback.onClose(id);
            } catch (Throwable thrown) {
                Callbacks.report(loop, socket, thrown);
            }
        }
    }
}
