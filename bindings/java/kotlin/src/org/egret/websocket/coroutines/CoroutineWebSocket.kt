package org.egret.websocket.coroutines

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withTimeoutOrNull
import org.egret.websocket.CloseInfo
import org.egret.websocket.ErrorCode
import org.egret.websocket.WebSocket
import org.egret.websocket.WebSocketException
import org.egret.websocket.WebSocketLoop
import org.egret.websocket.WebSocketOptions
import java.nio.ByteBuffer
import kotlin.coroutines.coroutineContext

/**
 * Connects to a URL such as `wss://example.com/chat` and returns when the connection is open. With `retryAttempts` it includes the
 * attempts that fail. The loop must be polled meanwhile, by any driver.
 *
 * Throws a [WebSocketException]: with the report if no connection could be made, without one if the URL or an option is refused.
 * A cancellation ends the attempt. (Limit the time with the options' time-outs: `withTimeout` around it may lose a socket that it has
 * returned at the last moment.)
 */
public suspend fun WebSocketLoop.connect(
    url: String,
    options: WebSocketOptions = WebSocketOptions.Builder().build()
): CoroutineWebSocket = open { connect(url, options, it) }

/** Connects to `ws://host:port/`, as the function with a URL does. */
public suspend fun WebSocketLoop.connect(
    host: String,
    port: Int,
    options: WebSocketOptions = WebSocketOptions.Builder().build()
): CoroutineWebSocket = open { connect(host, port, options, it) }

private suspend inline fun open(begin: (Inbox) -> WebSocket): CoroutineWebSocket {
    coroutineContext.ensureActive()
    val inbox = Inbox()
    val webSocket = begin(inbox)
    webSocket.setEndHandler { inbox.end() }
    val socket = CoroutineWebSocket(webSocket, inbox)
    try {
        inbox.awaitOpen()
    } catch (thrown: Throwable) {
        socket.cancel()
        throw thrown
    }
    return socket
}

/**
 * A socket for coroutines, made by [connect]. Any number of coroutines on any threads may use it; it needs no scope and no dispatcher.
 * End it with [close], [cancel], [use], or by the end of a collector of [messages] or [events].
 *
 * If it has ended, each function throws a [WebSocketException] with the error and the report of the end; without a report if the
 * socket or its loop was freed, with `NOT_OPEN` after a clean end.
 */
public class CoroutineWebSocket internal constructor(
    /**
     * The socket below, for its getters, pings, `retryNow`, and a `close` that does not wait: after that a collector still gets the
     * messages up to the end. Do not pause or resume its receiving.
     */
    public val webSocket: WebSocket,
    private val inbox: Inbox
) {
    private val sending = Mutex()
    private val receiving = Mutex()

    /**
     * The messages from the connect on, and of the connections after it. It completes after a clean end, and throws after another.
     *
     * At most 64 messages or 64 KiB wait for a slow collector here; then receiving is paused, and when the library's receive queue is
     * full too, TCP slows the server down.
     *
     * The collector owns the socket: if it is cancelled, throws, or takes no more (`first()`), the socket is cancelled. [receive] takes
     * single messages. Several collectors share the messages: each message goes to one of them.
     */
    public val messages: Flow<WebSocketMessage> = received()

    /**
     * As [messages], with the losses of a connection and the reconnections between them, for sockets with `retryAttempts`. Of several
     * losses without a message between them, the last one remains if nobody has taken them.
     */
    public val events: Flow<WebSocketEvent> = received()

    private inline fun <reified T : WebSocketEvent> received(): Flow<T> = flow {
        try {
            while (true) {
                val event = next() ?: break
                if (event is T) emit(event)
            }
        } catch (thrown: Throwable) {
            cancel()
            throw thrown
        }
    }

    /** The next message; null after a clean end. A cancelled call takes no message, and the socket goes on. */
    public suspend fun receive(): WebSocketMessage? {
        while (true) {
            val event = next() ?: return null
            if (event is WebSocketMessage) return event
        }
    }

    private suspend fun next(): WebSocketEvent? {
        coroutineContext.ensureActive() // also if there is always an event
        return receiving.withLock { inbox.next(webSocket) }
    }

    /**
     * Queues a text message; suspends while the send queue is full. Messages are sent in the order of the calls. A cancelled call has
     * queued nothing.
     *
     * Throws also while a lost connection is being made again (`NOT_OPEN`), and if the message is too big: then nothing was queued.
     */
    public suspend fun send(text: String): Unit = send { webSocket.send(text) }

    /** Queues a binary message, as the function for text does. */
    public suspend fun send(data: ByteArray): Unit = send { webSocket.send(data) }

    /** Queues a part of an array as a binary message, as the function for text does. */
    public suspend fun send(data: ByteArray, offset: Int, length: Int): Unit = send { webSocket.send(data, offset, length) }

    /** Queues the bytes between the buffer's position and its limit, as the function for text does. The position moves to the limit. */
    public suspend fun send(data: ByteBuffer): Unit = send { webSocket.send(data) }

    private suspend inline fun send(attempt: () -> ErrorCode) {
        sending.withLock {
            while (true) {
                coroutineContext.ensureActive() // also if there is always room
                val drains = inbox.drains()
                when (val error = attempt()) {
                    ErrorCode.OK -> return
                    ErrorCode.BACKPRESSURE -> awaitRoom(drains)
                    ErrorCode.NOT_OPEN -> throw inbox.notOpen()
                    else -> throw WebSocketException(error, "nothing was sent", null)
                }
            }
        }
    }

    /**
     * While receiving is paused, the report of a lost connection waits behind the messages; perhaps the coroutine that takes them is
     * this one. The state knows the loss before.
     */
    private suspend fun awaitRoom(drains: Int) {
        while (webSocket.state == WebSocket.State.OPEN && inbox.drains() == drains) {
            withTimeoutOrNull(STATE_CHECK_MILLIS) { inbox.awaitDrain(drains) }
        }
    }

    /**
     * Sends what was accepted, makes the closing handshake, and returns the report: `isClean` says whether the server has answered.
     * Messages that arrive from now on are dropped, as in browsers; a collector still gets those that wait here, and then the end.
     *
     * Throws if the code or the reason is not allowed: then nothing happens. If it is cancelled, the socket is.
     */
    public suspend fun close(code: Int = 1000, reason: String = ""): CloseInfo {
        webSocket.close(code, reason)
        inbox.close(webSocket)
        try {
            inbox.awaitEnd()
        } catch (thrown: CancellationException) {
            cancel()
            throw thrown
        }
        return inbox.closeInfo ?: throw inbox.ended()
    }

    /** Drops the connection and all messages that wait, without suspending. Those who wait get `ABORTED` in one of the next polls. */
    public fun cancel() {
        inbox.clear()
        webSocket.cancel()
    }

    /** Calls [block], then closes the socket with 1000 and waits for the end; cancels it if the block throws or is cancelled. */
    public suspend fun <R> use(block: suspend (CoroutineWebSocket) -> R): R {
        val result = try {
            block(this)
        } catch (thrown: Throwable) {
            cancel()
            throw thrown
        }
        close()
        return result
    }

    override fun toString(): String = "CoroutineWebSocket ${webSocket.id}, ${webSocket.state}"

    private companion object {
        const val STATE_CHECK_MILLIS = 500L
    }
}
