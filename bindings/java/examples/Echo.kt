import org.egret.websocket.*
import kotlin.system.exitProcess

fun main(args: Array<String>) {
    val loop = WebSocketLoop()
    val socket = loop.connect(args[0], object : WebSocketListener() { // throws if the URL is bad
        override fun onConnect(socket: WebSocket) {
            socket.send("Hello Egret WebSocket")
        }

        override fun onMessage(socket: WebSocket, text: String) {
            println("received: $text")
            socket.close()
        }

        override fun onClose(socket: WebSocket, info: CloseInfo) = println("closed: $info")
    })
    loop.use {
        while (socket.state != WebSocket.State.CLOSED) loop.poll(-1)
    }
    exitProcess(if (socket.closeInfo?.isClean == true) 0 else 1)
}
