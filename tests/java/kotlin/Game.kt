import java.nio.ByteBuffer
import org.egret.websocket.CloseInfo
import org.egret.websocket.ErrorCode
import org.egret.websocket.LoopOptions
import org.egret.websocket.WebSocket
import org.egret.websocket.WebSocketListener
import org.egret.websocket.WebSocketLoop
import org.egret.websocket.WebSocketOptions

/** A Kotlin shell that uses the binding: overrides with non-null types, and lambdas for the interfaces. */
class Game : WebSocketListener() {
    var received: String? = null

    override fun onConnect(socket: WebSocket) {
        check(socket.send("hello") == ErrorCode.OK)
    }

    override fun onMessage(socket: WebSocket, text: String) {
        received = text
        val server: String? = socket.getResponseHeader("Server")
        check(server == null || server.isNotEmpty())
        socket.close()
    }

    override fun onMessage(socket: WebSocket, data: ByteArray) {}

    override fun onMessage(socket: WebSocket, data: ByteBuffer) {}

    override fun onClose(socket: WebSocket, info: CloseInfo) {
        val reason: String = info.reason
        check(info.error == ErrorCode.OK && info.phase == CloseInfo.Phase.CLOSING && socket.closeInfo === info)
        check(socket.stats.messagesSent == 1L && socket.generation == 1 && socket.bufferedAmount == 0L)
        check(info.isClean && reason.isEmpty()) { info.toString() }
    }
}

fun main(args: Array<String>) {
    val loopOptions = LoopOptions.Builder()
        .log { level, text, _ -> System.err.println("$level $text") }
        .exceptionHandler { _, thrown -> throw thrown }
        .build()
    val options = WebSocketOptions.Builder().retryAttempts(WebSocketOptions.UNLIMITED).build()
    check(options.retryAttempts == WebSocketOptions.UNLIMITED && options.toBuilder().build().subprotocols.isEmpty())
    val game = Game()
    WebSocketLoop(loopOptions).use { loop ->
        val socket = loop.connect(args[0], options, game)
        while (socket.state != WebSocket.State.CLOSED) loop.poll(-1)
        check(socket.send("late") == ErrorCode.NOT_OPEN)
    }
    Tokens.check { logIn -> TokenHook { done -> logIn.accept { token -> done(token) } } } // the sample of the README
    check(outcome(ErrorCode.BACKPRESSURE) == "later")
    println("received: ${game.received}")
}

/** These are enums, so the compiler checks that all cases are handled. */
fun outcome(error: ErrorCode): String = when (error) {
    ErrorCode.OK -> "sent"
    ErrorCode.BACKPRESSURE -> "later"
    else -> "lost"
}
