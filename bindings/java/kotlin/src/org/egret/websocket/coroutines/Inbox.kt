package org.egret.websocket.coroutines

import org.egret.websocket.CloseInfo
import org.egret.websocket.ErrorCode
import org.egret.websocket.WebSocket
import org.egret.websocket.WebSocketException
import org.egret.websocket.WebSocketListener
import java.nio.ByteBuffer
import java.util.ArrayDeque

/**
 * The listener of a socket: it keeps events until a coroutine takes them, and wakes the coroutines that wait.
 *
 * The polling thread adds events, and coroutines on any thread take them. It is bounded: when it is full, it pauses receiving,
 * so the library keeps the next messages, and when the library's receive queue is also full, TCP slows the server down.
 */
internal class Inbox : WebSocketListener() {
    private enum class State {
        CONNECTING,

        /** A connection was made at least once. */
        OPEN,

        /** This side has begun to close. Messages that arrive now are dropped. */
        CLOSING,

        /** The socket has ended after a connection. Waiting events can still be taken. */
        ENDED,

        /** The socket has ended without a connection. */
        FAILED;

        val isOver: Boolean get() = this == ENDED || this == FAILED
    }

    private val lock = Any()

    // Guarded by the lock.
    private var state = State.CONNECTING
    private val events = ArrayDeque<WebSocketEvent>()
    private var size = 0
    private var paused = false

    /** Counts the events after which the send queue may have room. */
    private var drains = 0
    private val received = Waiters(lock)
    private val drained = Waiters(lock)
    private val changed = Waiters(lock)

    /** The report of the end. It is also null if the socket or its loop was freed. */
    @Volatile
    var closeInfo: CloseInfo? = null
        private set

    // Called by the polling thread.

    override fun onConnect(socket: WebSocket) {
        val waiting = synchronized(lock) {
            if (state == State.CONNECTING) {
                state = State.OPEN
                changed.takeAll()
            } else {
                null
            }
        }
        if (waiting != null) waiting.resumeAll() else add(socket, WebSocketEvent.Reconnected(socket.generation))
    }

    override fun onMessage(socket: WebSocket, text: String): Unit = add(socket, WebSocketMessage.Text(text))

    override fun onMessage(socket: WebSocket, data: ByteArray): Unit = add(socket, WebSocketMessage.Binary(data))

    /** The next message overwrites the buffer. */
    override fun onMessage(socket: WebSocket, data: ByteBuffer) {
        val copy = ByteArray(data.remaining())
        data.get(copy)
        add(socket, WebSocketMessage.Binary(copy))
    }

    override fun onDrain(socket: WebSocket): Unit = retrySends()

    override fun onRetry(socket: WebSocket, info: CloseInfo, attempt: Int, delayMillis: Long) {
        retrySends() // because onDrain is not called for the lost connection
        add(socket, WebSocketEvent.Lost(info, attempt, delayMillis))
    }

    override fun onClose(socket: WebSocket, info: CloseInfo) {
        closeInfo = info
    }

    /** The end handler of the socket: after [onClose], or instead of it. */
    fun end() {
        val waiting = synchronized(lock) {
            state = if (state == State.CONNECTING) State.FAILED else State.ENDED
            drains++
            received.takeAll() + drained.takeAll() + changed.takeAll()
        }
        waiting.resumeAll()
    }

    private fun add(socket: WebSocket, event: WebSocketEvent) {
        val waiting = synchronized(lock) {
            if (state != State.OPEN) return
            // While no event is taken, a connection may be lost and made again any number of times. Only the last time is kept.
            if (event is WebSocketEvent.Lost) while (events.peekLast().let { it != null && it !is WebSocketMessage }) events.removeLast()
            events.add(event)
            size += sizeOf(event)
            // Under the lock, so that the calls of two threads have the order of `paused`.
            if (!paused && (events.size >= MAX_EVENTS || size >= MAX_SIZE)) {
                paused = true
                socket.pauseReceive()
            }
            received.takeAll()
        }
        waiting.resumeAll()
    }

    private fun retrySends() {
        val waiting = synchronized(lock) {
            drains++
            drained.takeAll()
        }
        waiting.resumeAll()
    }

    // Called by coroutines.

    /** Returns when there is a connection. It may have ended since then, but its messages can be taken. */
    suspend fun awaitOpen() {
        while (true) {
            when (synchronized(lock) { state }) {
                State.CONNECTING -> changed.await { state == State.CONNECTING }
                State.FAILED -> throw ended()
                else -> return
            }
        }
    }

    /** Returns the next event, or null after a clean end. Only one coroutine at a time may call it. */
    suspend fun next(socket: WebSocket): WebSocketEvent? {
        while (true) {
            synchronized(lock) {
                val event = take(socket)
                if (event != null) return event
                if (state.isOver) return if (closeInfo?.isClean == true) null else throw ended()
            }
            // This takes nothing, so if the coroutine is cancelled before it runs again, the event remains.
            received.await { events.isEmpty() && !state.isOver }
        }
    }

    private fun take(socket: WebSocket): WebSocketEvent? {
        val event = events.poll() ?: return null
        size -= sizeOf(event)
        if (paused && events.size <= MAX_EVENTS / 2 && size <= MAX_SIZE / 2) resume(socket)
        return event
    }

    private fun resume(socket: WebSocket) {
        paused = false
        socket.resumeReceive()
    }

    /** The argument of [awaitDrain]. Read it before the send. */
    fun drains(): Int = synchronized(lock) { drains }

    /** Suspends until a refused send may be accepted, or refused for another reason. */
    suspend fun awaitDrain(before: Int): Unit = drained.await { drains == before && !state.isOver }

    /** Drops the messages that wait in the library, because the report of the end would wait behind them. */
    fun close(socket: WebSocket) {
        synchronized(lock) {
            if (!state.isOver) state = State.CLOSING
            if (paused) resume(socket)
        }
        retrySends()
    }

    /** Drops all events that wait or arrive later. */
    fun clear() {
        synchronized(lock) {
            if (!state.isOver) state = State.CLOSING
            events.clear()
            size = 0
        }
    }

    suspend fun awaitEnd() {
        while (!synchronized(lock) { state.isOver }) changed.await { !state.isOver }
    }

    /** The reason why nothing can be received or sent any more. */
    fun ended(): WebSocketException {
        val info = closeInfo
        return when {
            info == null -> WebSocketException(ErrorCode.ABORTED, "the socket or its loop was freed", null)
            info.isClean -> WebSocketException(ErrorCode.NOT_OPEN, "the connection was closed", info)
            else -> WebSocketException(info.error, info.message, info)
        }
    }

    /** The reason why a send was refused with NOT_OPEN. */
    fun notOpen(): WebSocketException =
        if (synchronized(lock) { state.isOver }) ended()
        else WebSocketException(ErrorCode.NOT_OPEN, "the connection is closing, or is being made again", null)

    private companion object {
        const val MAX_EVENTS = 64

        /** Bytes of binary messages and characters of text. */
        const val MAX_SIZE = 64 * 1024

        fun sizeOf(event: WebSocketEvent): Int = when (event) {
            is WebSocketMessage.Text -> event.text.length
            is WebSocketMessage.Binary -> event.data.size
            else -> 0
        }
    }
}
