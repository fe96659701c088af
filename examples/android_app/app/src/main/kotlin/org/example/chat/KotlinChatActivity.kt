package org.example.chat

import android.app.Activity
import android.os.Bundle
import android.view.inputmethod.EditorInfo
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.TextView
import org.egret.websocket.CloseInfo
import org.egret.websocket.ErrorCode
import org.egret.websocket.RetryOptions
import org.egret.websocket.WebSocket
import org.egret.websocket.WebSocketListener
import org.egret.websocket.WebSocketLoop
import org.egret.websocket.WebSocketOptions
import org.egret.websocket.android.AppLifecycle
import org.egret.websocket.android.LooperDriver

/**
 * The chat in Kotlin. Here the activity itself calls suspend and resume, like an engine with its own lifecycle. AppLifecycle
 * reports only changes of the network.
 */
class KotlinChatActivity : Activity() {
    private lateinit var loop: WebSocketLoop
    private lateinit var driver: LooperDriver
    private lateinit var lifecycle: AppLifecycle
    private lateinit var socket: WebSocket
    private lateinit var log: TextView

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        log = TextView(this)
        showInput()

        loop = WebSocketLoop()
        driver = LooperDriver.onWakeup(loop, mainLooper)
        lifecycle = AppLifecycle.followNetwork(this, loop)
        val options = WebSocketOptions.Builder()
            .retryAttempts(WebSocketOptions.UNLIMITED)
            .retry(RetryOptions.Builder().totalMillis(RetryOptions.UNLIMITED).build()) // also after ten minutes offline
            .build()
        socket = loop.connect(ChatActivity.URL, options, object : WebSocketListener() {
            override fun onConnect(socket: WebSocket) = show("connected")
            override fun onMessage(socket: WebSocket, text: String) = show(text)
            override fun onRetry(socket: WebSocket, info: CloseInfo, attempt: Int, delayMillis: Long) =
                show("${info.message}; attempt $attempt")

            override fun onClose(socket: WebSocket, info: CloseInfo) = show(info.message)
        })
    }

    override fun onStart() {
        super.onStart()
        lifecycle.resume() // a ping finds a dead connection
    }

    override fun onStop() {
        lifecycle.suspend() // the process may be frozen from now on
        super.onStop()
    }

    override fun onDestroy() {
        lifecycle.close()
        driver.close()
        loop.close() // ends the connection; no listener is called from now on
        super.onDestroy()
    }

    private fun say(line: String) {
        val result = socket.send(line)
        show(if (result == ErrorCode.OK) "I: $line" else "not sent: $result")
    }

    private fun show(line: String) = log.append(line + "\n")

    private fun showInput() {
        val input = EditText(this)
        input.setSingleLine()
        input.imeOptions = EditorInfo.IME_ACTION_SEND
        input.setOnEditorActionListener { _, _, _ ->
            say(input.text.toString())
            input.setText("")
            true
        }
        val layout = LinearLayout(this)
        layout.orientation = LinearLayout.VERTICAL
        layout.addView(input)
        layout.addView(log)
        setContentView(layout)
    }
}
