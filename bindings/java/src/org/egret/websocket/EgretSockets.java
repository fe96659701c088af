package org.egret.websocket;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * The functions of the original Egret runtime: each takes an integer id that the game chooses, and each callback gets that id.
 * Use it on one thread. All callbacks run inside {@link #poll}.
 *
 * <p>No function throws, except a poll inside a callback. An end that is not clean calls {@code onError} and then
 * {@code onClose}. Each id that was opened gets exactly one {@code onClose}; from then on the game can open it again. After
 * {@link #websocket_close} there are no more messages.
 */
public final class EgretSockets implements AutoCloseable {
    /** The events for the runtime. */
    public interface Callback {
        /** The connection is open. */
        void onOpen(int id);

        /** A text message. */
        void onMessage(int id, @NotNull String text);

        /** A binary message. */
        void onMessage(int id, @NotNull byte[] data);

        /** A call or the connection failed. */
        void onError(int id, @NotNull ErrorCode error);

        /** The connection has ended. This is the last event of the id. */
        void onClose(int id);
    }

    private final WebSocketLoop loop;
    private final WebSocketOptions options;
    private final Callback callback;
    private final Map<Integer, Peer> peers = new HashMap<>();
    /** Failures of calls, which the next poll reports. */
    private final ArrayDeque<Failure> failures = new ArrayDeque<>();

    /** Creates a loop. Exceptions of the callback go to the exception handler of the loop's options. */
    public EgretSockets(@NotNull Callback callback, @Nullable LoopOptions loopOptions, @Nullable WebSocketOptions options) {
        this.callback = callback;
        this.options = options == null ? new WebSocketOptions.Builder().build() : options;
        loop = loopOptions == null ? new WebSocketLoop() : new WebSocketLoop(loopOptions);
    }

    /** Returns the loop, for {@code suspend}, {@code resume} and similar calls. */
    public @NotNull WebSocketLoop getLoop() {
        return loop;
    }

    /** Begins to connect. If the id is in use, {@code onError} is called for it, and its socket stays open. */
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
            failures.add(new Failure(peer, refused.getError()));
        } catch (IllegalArgumentException refused) {
            failures.add(new Failure(peer, ErrorCode.INVALID_ARGUMENT));
        }
    }

    /** Sends text. If the id is in use but not open, {@code onError} is called for it. An unknown id is ignored. */
    public void websocket_send(int id, @NotNull String text) {
        Peer peer = peers.get(id);
        if (peer != null) peer.failed(peer.socket == null ? ErrorCode.NOT_OPEN : peer.socket.send(text));
    }

    /** Sends bytes, with the same rules. */
    public void websocket_send(int id, @NotNull byte[] data) {
        Peer peer = peers.get(id);
        if (peer != null) peer.failed(peer.socket == null ? ErrorCode.NOT_OPEN : peer.socket.send(data));
    }

    /** Closes the connection of this id. An unknown id is ignored. */
    public void websocket_close(int id) {
        Peer peer = peers.get(id);
        if (peer == null) return;
        peer.closed = true;
        if (peer.socket != null) peer.socket.close();
    }

    /** Runs the pending callbacks. Call it once per frame. */
    public void poll() {
        loop.poll();
        // Failures that occur inside a callback wait for the next poll, so that each poll ends.
        for (int due = failures.size(); due > 0 && !loop.isClosed(); due--) {
            Failure failure = failures.remove();
            if (peers.get(failure.peer.id) != failure.peer) continue; // the socket has already ended
            if (failure.peer.socket == null) {
                failure.peer.end(failure.error);
            } else {
                failure.peer.reportError(failure.error);
            }
        }
    }

    /** Ends all sockets without another callback. */
    @Override
    public void close() {
        loop.close();
    }

    private static final class Failure {
        final Peer peer;
        final ErrorCode error;

        Failure(Peer peer, ErrorCode error) {
            this.peer = peer;
            this.error = error;
        }
    }

    private final class Peer extends WebSocketListener {
        private final int id;
        /** Null if the socket could not be created; the next poll reports that. */
        private WebSocket socket;
        /** Whether the game closed it. */
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
            // The game closed it while connecting: that is not a failure.
            end(info.getError() == ErrorCode.ABORTED ? ErrorCode.OK : info.getError());
        }

        void failed(ErrorCode error) {
            if (error != ErrorCode.OK) failures.add(new Failure(this, error));
        }

        void reportError(ErrorCode error) {
            try {
                callback.onError(id, error);
            } catch (Throwable thrown) {
                Callbacks.report(loop, socket, thrown);
            }
        }

        /** Frees the id before it calls {@code onClose}, which may open it again. */
        void end(ErrorCode error) {
            if (error != ErrorCode.OK) reportError(error);
            peers.remove(id);
            try {
                callback.onClose(id);
            } catch (Throwable thrown) {
                Callbacks.report(loop, socket, thrown);
            }
        }
    }
}
