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
 * Connects to a URL such as `wss://example.com/chat` and returns when the connection is open. With `retryAttempts` it continues
 * after attempts that fail. Meanwhile the loop must be polled, by any driver.
 *
 * Throws a [WebSocketException]: with the report if no connection could be made, without a report if the URL or an option is
 * refused.
 * A cancellation ends the attempt. Limit the time with the time-outs of the options, because `withTimeout` around this call can
 * lose a socket that it returns at the last moment.
 */
public suspend fun WebSocketLoop.connect(
    url: String,
    options: WebSocketOptions = WebSocketOptions.Builder().build()
): CoroutineWebSocket = open { connect(url, options, it) }

/** Connects to `ws://host:port/`, like the function with a URL. */
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
 * A socket for coroutines, which [connect] returns. Any number of coroutines on any threads may use it; it needs no scope and no
 * dispatcher. [close], [cancel], [use] and the end of a collector of [messages] or [events] end it.
 *
 * After its end, each function throws a [WebSocketException] with the error and the report of the end. The error is `NOT_OPEN`
 * after a clean end. There is no report if the socket or its loop was freed.
 */
public class CoroutineWebSocket internal constructor(
    /**
     * The underlying socket, for its getters, pings, `retryNow`, and a `close` that does not wait. After such a `close`, a
     * collector still gets the messages up to the end. Do not pause or resume its receiving.
     */
    public val webSocket: WebSocket,
    private val inbox: Inbox
) {
    private val sending = Mutex()
    private val receiving = Mutex()

    /**
     * The messages of the first connection and of all later ones. The flow completes after a clean end, and throws after any
     * other end.
     *
     * At most 64 messages or 64 KiB wait here for a slow collector. Then receiving is paused, and when the library's receive
     * queue is also full, TCP slows the server down.
     *
     * The collector owns the socket: if it is cancelled, throws, or stops early (`first()`), the socket is cancelled. [receive]
     * takes single messages. Several collectors share the messages: each message goes to one of them.
     */
    public val messages: Flow<WebSocketMessage> = received()

    /**
     * All [messages] and, for sockets with `retryAttempts`, lost connections and reconnections, in one order. If several
     * losses without a message between them wait to be collected, only the last loss is kept.
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

    /** Returns the next message, or null after a clean end. A cancelled call takes no message, and the socket stays open. */
    public suspend fun receive(): WebSocketMessage? {
        while (true) {
            val event = next() ?: return null
            if (event is WebSocketMessage) return event
        }
    }

    private suspend fun next(): WebSocketEvent? {
        coroutineContext.ensureActive() // check this even if there is always an event
        return receiving.withLock { inbox.next(webSocket) }
    }

    /**
     * Queues a text message; suspends while the send queue is full. Messages are sent in the order of the calls. A cancelled
     * call has queued nothing.
     *
     * It also throws while a lost connection is being made again (`NOT_OPEN`), and if the message is too big. Then nothing was
     * queued.
     */
    public suspend fun send(text: String): Unit = send { webSocket.send(text) }

    /** Queues a binary message, like the function for text. */
    public suspend fun send(data: ByteArray): Unit = send { webSocket.send(data) }

    /** Queues a part of an array as a binary message, like the function for text. */
    public suspend fun send(data: ByteArray, offset: Int, length: Int): Unit = send { webSocket.send(data, offset, length) }

    /**
     * Queues the bytes between the buffer's position and its limit, like the function for text. The position moves to the
     * limit.
     */
    public suspend fun send(data: ByteBuffer): Unit = send { webSocket.send(data) }

    private suspend inline fun send(attempt: () -> ErrorCode) {
        sending.withLock {
            while (true) {
                coroutineContext.ensureActive() // check this even if there is always room
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
     * While receiving is paused, the report of a lost connection waits behind the messages, and this coroutine may be the one that
     * takes them. The state shows the loss earlier.
     */
    private suspend fun awaitRoom(drains: Int) {
        while (webSocket.state == WebSocket.State.OPEN && inbox.drains() == drains) {
            withTimeoutOrNull(STATE_CHECK_MILLIS) { inbox.awaitDrain(drains) }
        }
    }

    /**
     * Sends the accepted messages, performs the closing handshake, and returns the report: `isClean` is true if the server has
     * answered. Messages that arrive after this call are dropped, as in browsers. A collector still gets the messages that wait
     * here, and then the end.
     *
     * Throws if the code or the reason is not allowed; then nothing happens. If this call is cancelled, the socket is cancelled.
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

    /** Drops the connection and all waiting messages, without suspending. Waiting calls get `ABORTED` in one of the next polls. */
    public fun cancel() {
        inbox.clear()
        webSocket.cancel()
    }

    /**
     * Calls [block], then closes the socket with 1000 and waits for the end. If the block throws or is cancelled, cancels the
     * socket.
     */
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
