import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.egret.websocket.*
import org.egret.websocket.coroutines.*

fun main(args: Array<String>) = LoopThread().use { thread -> // or a loop with another driver
    runBlocking {
        val socket = thread.loop.connect(args[0]) // throws a WebSocketException if there is no connection
        launch {
            socket.messages.collect { message -> // ends with the socket; a slow collector slows the server down
                if (message is WebSocketMessage.Text) println("received: ${message.text}")
                println("closed: ${socket.close()}")
            }
        }
        socket.send("Hello Egret WebSocket") // suspends while the send queue is full
    }
}
