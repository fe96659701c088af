import org.egret.websocket.WebSocket
import org.egret.websocket.WebSocketListener
import org.egret.websocket.WebSocketLoop

// Each line must be a compile error, because the binding declares nullability.
fun nulls(loop: WebSocketLoop, listener: WebSocketListener, socket: WebSocket) {
    loop.connect(null, listener)
    socket.getResponseHeader("Server").length
}
