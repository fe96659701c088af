import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.egret.websocket.*
import org.egret.websocket.coroutines.*
import kotlin.concurrent.thread

fun main(args: Array<String>) {
    val loop = WebSocketLoop()
    thread { while (!loop.isClosed) loop.poll(-1) } // or any other driver
    loop.use {
        runBlocking {
            val socket = loop.connect(args[0]) // throws a WebSocketException if there is no connection
            launch {
                socket.messages.collect { message -> // ends with the socket; a slow collector slows the server down
                    if (message is WebSocketMessage.Text) println("received: ${message.text}")
                    println("closed: ${socket.close()}")
                }
            }
            socket.send("Hello Egret WebSocket") // suspends while the send queue is full
        }
    }
}
