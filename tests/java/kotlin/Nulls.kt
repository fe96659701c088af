import org.egret.websocket.WebSocket
import org.egret.websocket.WebSocketListener
import org.egret.websocket.WebSocketLoop

// Each line is an error, for what may be null and what may not is written down.
fun nulls(loop: WebSocketLoop, listener: WebSocketListener, socket: WebSocket) {
    loop.connect(null, listener)
    socket.responseHeader("Server").length
}
