package org.egret.websocket.coroutines

import org.egret.websocket.CloseInfo

/** An event of a [CoroutineWebSocket]: a message, or a change of the connection. Events are in order. */
public sealed class WebSocketEvent {
    /** A connection was lost, and will be made again. See `WebSocketListener.onRetry` for the values. */
    public class Lost internal constructor(
        public val info: CloseInfo,
        public val attempt: Int,
        public val delayMillis: Long
    ) : WebSocketEvent() {
        override fun toString(): String = "Lost($info, attempt $attempt after $delayMillis ms)"
    }

    /** The connection was made again. [generation] counts the connections from 1, so it is at least 2. */
    public class Reconnected internal constructor(public val generation: Int) : WebSocketEvent() {
        override fun toString(): String = "Reconnected($generation)"
    }
}

/** A message. */
public sealed class WebSocketMessage : WebSocketEvent() {
    /** A text message. */
    public class Text internal constructor(public val text: String) : WebSocketMessage() {
        override fun toString(): String = "Text($text)"
    }

    /** A binary message. Nothing else refers to the array. */
    public class Binary internal constructor(public val data: ByteArray) : WebSocketMessage() {
        override fun toString(): String = "Binary(${data.size} bytes)"
    }
}
