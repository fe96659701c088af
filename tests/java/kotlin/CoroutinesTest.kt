import android.os.Handler
import android.os.Looper
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.egret.websocket.CloseInfo
import org.egret.websocket.ErrorCode
import org.egret.websocket.LoopOptions
import org.egret.websocket.LoopThread
import org.egret.websocket.RetryOptions
import org.egret.websocket.WebSocket
import org.egret.websocket.WebSocketException
import org.egret.websocket.WebSocketLoop
import org.egret.websocket.WebSocketOptions
import org.egret.websocket.android.LooperDriver
import org.egret.websocket.coroutines.CoroutineWebSocket
import org.egret.websocket.coroutines.WebSocketEvent
import org.egret.websocket.coroutines.WebSocketMessage
import org.egret.websocket.coroutines.connect
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assertions.fail
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.EnumSource
import java.net.ServerSocket
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.atomic.AtomicInteger

/** How a loop is polled, and where the coroutines run. */
enum class Driver {
    /** One thread polls; the coroutines run on other threads. */
    THREAD,

    /** A `LoopThread` drives the loop; the coroutines run on other threads. */
    LOOP_THREAD,

    /** A thread polls; the coroutines continue inside its poll, where the event was dispatched. */
    UNCONFINED,

    /** A game with one thread and a loop without an I/O thread: each frame polls, then runs the coroutines. */
    GAME,

    /** The thread of a Looper polls and runs the coroutines, as on Android's main thread. */
    LOOPER
}

/** Tests the functions for coroutines with each driver. */
class CoroutinesTest {
    private val limit = Support.WAIT_LIMIT_MILLIS
    private val plain: WebSocketOptions = WebSocketOptions.Builder().disableDeflate(true).build()

    /** Runs a test on a loop that is polled. The test must end in time. Unless the loop is closed, no socket may be left. */
    private fun test(driver: Driver, block: suspend CoroutineScope.(WebSocketLoop) -> Unit) {
        val uncaught = ConcurrentLinkedQueue<Throwable>()
        val options = LoopOptions.Builder().inline(driver == Driver.GAME).exceptionHandler { _, thrown -> uncaught.add(thrown) }
        val loopThread = if (driver == Driver.LOOP_THREAD) LoopThread(options.build()) else null
        val loop = loopThread?.loop ?: WebSocketLoop(options.build())
        val whole: suspend CoroutineScope.() -> Unit = {
            withTimeout(limit) {
                block(loop)
                if (!loop.isClosed) until("the sockets have ended") { socketsOf(loop).isEmpty() }
            }
        }
        try {
            when (driver) {
                Driver.THREAD, Driver.UNCONFINED -> {
                    val polling = Thread { while (!loop.isClosed) loop.poll(-1) }
                    polling.start()
                    try {
                        runBlocking(if (driver == Driver.THREAD) Dispatchers.Default else Dispatchers.Unconfined, whole)
                    } finally {
                        loop.close()
                        polling.join(limit)
                    }
                }
                Driver.LOOP_THREAD -> runBlocking(Dispatchers.Default, whole)
                Driver.GAME -> game(loop) { whole() }
                Driver.LOOPER -> looper(loop, whole)
            }
        } finally {
            loopThread?.close()
            loop.close()
        }
        assertEquals(emptyList<Throwable>(), uncaught.toList())
    }

    /** Runs frames and the block on this thread, until the block has ended. Each frame polls while `polls` is true. */
    private fun game(loop: WebSocketLoop, polls: () -> Boolean = { true }, block: suspend CoroutineScope.() -> Unit) = runBlocking {
        val frames = launch {
            while (true) {
                if (polls()) loop.poll()
                delay(1)
            }
        }
        block()
        frames.cancel()
    }

    private fun looper(loop: WebSocketLoop, block: suspend CoroutineScope.() -> Unit) {
        val looper = Looper()
        val handler = Handler(looper)
        val dispatcher: CoroutineDispatcher = Executor { task -> handler.post(task) }.asCoroutineDispatcher()
        val result = CoroutineScope(dispatcher).async(block = block)
        val driver = LooperDriver.onWakeup(loop, looper)
        while (!result.isCompleted) looper.runOne(10)
        driver.close()
        runBlocking { result.await() }
    }

    private fun socketsOf(loop: WebSocketLoop): Collection<*> {
        val field = WebSocketLoop::class.java.getDeclaredField("sockets")
        field.isAccessible = true
        return field.get(loop) as Collection<*>
    }

    private suspend fun until(what: String, condition: () -> Boolean) {
        val deadline = System.nanoTime() + limit * 1_000_000
        while (!condition()) {
            if (System.nanoTime() > deadline) fail<Unit>("waited too long until $what")
            delay(1)
        }
    }

    /** Waits in another thread, because the polling thread may be this one. */
    private suspend fun Server.found(): Any = withContext(Dispatchers.IO) { take() }

    private suspend fun errorOf(block: suspend () -> Any?): WebSocketException {
        val value = try {
            block()
        } catch (thrown: WebSocketException) {
            return thrown
        }
        return fail("expected an exception, got $value")
    }

    private fun textOf(message: WebSocketMessage?): String = (message as WebSocketMessage.Text).text

    private fun texts(messages: List<WebSocketMessage>): List<String> = messages.map { textOf(it) }

    private fun Server.Peer.say(text: String) = send(1, text.toByteArray())

    /** Reads until the end. Returns "close 1000" for a Close frame, which it answers, or "gone". */
    private fun Server.Peer.end(): String = try {
        var payload = frame()
        while (opcode != 8) payload = frame()
        send(8, payload)
        "close ${ByteBuffer.wrap(payload).short}"
    } catch (gone: java.io.IOException) {
        "gone"
    }

    /** A server that accepts a connection, calls the script, and passes the result of `end` to the test. */
    private fun server(script: (Server.Peer) -> Unit = {}): Server = Server { peer ->
        peer.accept("")
        try {
            script(peer)
        } catch (gone: java.io.IOException) {
            // end() returns this end
        }
        peer.found(peer.end())
    }

    /** Waits until a number no longer changes. */
    private suspend fun stop(number: () -> Long): Long {
        var before = -1L
        while (before != number()) {
            before = number()
            delay(100)
        }
        return before
    }

    /** Fills the send queue and the buffers of the system. The server must not read. */
    private suspend fun fill(socket: CoroutineWebSocket) {
        stop {
            while (socket.webSocket.send(ByteArray(1000)) == ErrorCode.OK) {}
            socket.webSocket.stats.bytesSent
        }
        assertEquals(ErrorCode.BACKPRESSURE, socket.webSocket.send(ByteArray(1000)))
    }

    @ParameterizedTest
    @EnumSource
    fun anEcho(driver: Driver) = test(driver) { loop ->
        val socket = loop.connect(Support.ECHO)
        val messages = ConcurrentLinkedQueue<WebSocketMessage>()
        val collecting = launch { socket.messages.collectAll { messages.add(it) } }
        socket.send("grüße, 🐦")
        socket.send(byteArrayOf(1, 2, 3))
        socket.send(byteArrayOf(1, 2, 3, 4), 1, 2)
        val buffer = ByteBuffer.allocateDirect(3).put(byteArrayOf(7, 8, 9))
        buffer.flip()
        socket.send(buffer)
        assertEquals(0, buffer.remaining())
        until("the echoes have arrived") { messages.size == 4 }
        val info = socket.close()
        assertTrue(info.isClean && info.code == 1000, info.toString())
        collecting.join()
        assertEquals("grüße, 🐦", textOf(messages.first()))
        val binary = messages.drop(1).map { (it as WebSocketMessage.Binary).data.toList() }
        assertEquals(listOf(listOf<Byte>(1, 2, 3), listOf<Byte>(2, 3), listOf<Byte>(7, 8, 9)), binary)
        assertNull(socket.receive())
        assertEquals(info, socket.close())
    }

    /** The server closes before the program collects, or even before the program is informed of the connection. */
    @ParameterizedTest
    @EnumSource
    fun noMessageIsLostBeforeTheCollect(driver: Driver) {
        val sent = (1..500).map { "message $it" }
        val closing = ByteBuffer.allocate(5).putShort(4001).put("bye".toByteArray()).array()
        server { peer ->
            sent.forEach { peer.say(it) }
            peer.send(8, closing)
        }.use { server ->
            test(driver) { loop ->
                val socket = loop.connect(server.url(), plain)
                until("the end is known, or the queue is full") { socket.webSocket.state != WebSocket.State.OPEN }
                assertEquals(sent, texts(socket.messages.toList()))
                val info = socket.webSocket.closeInfo!!
                assertEquals(Triple(4001, "bye", true), Triple(info.code, info.reason, info.isClean))
                val late = errorOf { socket.send("late") }
                assertEquals(ErrorCode.NOT_OPEN to info, late.error to late.closeInfo)
                assertEquals(emptyList<WebSocketMessage>(), socket.messages.toList())
                assertEquals("close 4001", server.found())
            }
        }
    }

    /** One poll dispatches the connection, the messages and the end, before the coroutine that connects continues. */
    @Test
    fun aConnectionThatEndsInThePollOfItsConnect() {
        var polls = false
        val loop = WebSocketLoop()
        server { peer ->
            peer.say("one")
            peer.send(8, byteArrayOf(3, -24))
        }.use { server ->
            game(loop, { polls }) {
                val socket = async { loop.connect(server.url(), plain) }
                assertEquals("close 1000", server.found())
                polls = true
                assertEquals(listOf("one"), texts(socket.await().messages.toList()))
                assertEquals(1, socket.await().webSocket.generation)
            }
        }
        loop.close()
    }

    /**
     * The heap of the program is 64 MiB, the messages are 100 MiB. The server must wait, because the collector takes no message.
     */
    @Test
    fun aSlowCollectorSlowsTheServerDown() {
        val count = 10_000
        val size = 10_000
        val written = AtomicInteger()
        server { peer ->
            for (i in 0 until count) {
                peer.send(2, ByteArray(size) { i.toByte() })
                written.incrementAndGet()
            }
        }.use { server ->
            test(Driver.THREAD) { loop ->
                val socket = loop.connect(server.url(), plain)
                var taken = 0
                socket.use {
                    while (taken < count) {
                        // Wait until the server has stopped. Without back-pressure it would write all messages.
                        if (taken % 2500 == 0) {
                            val before = stop { written.get().toLong() }
                            assertTrue(before < minOf(taken + 2500, count), "$taken messages were taken, $before were written")
                        }
                        val data = (socket.receive() as WebSocketMessage.Binary).data
                        assertTrue(data.size == size && data[0] == taken.toByte() && data[size - 1] == taken.toByte())
                        taken++
                    }
                }
                assertEquals("close 1000", server.found())
            }
        }
    }

    /** The server starts to read when the program must wait. Then all messages arrive, in the order of the calls. */
    @Test
    fun aFullSendQueueSuspendsTheSender() {
        val count = 10_000
        val reading = CountDownLatch(1)
        Server { peer ->
            peer.accept("")
            reading.await()
            for (i in 0 until count) {
                if (ByteBuffer.wrap(peer.frame()).int != i) throw AssertionError("not message $i")
            }
            peer.found(peer.end())
        }.use { server ->
            test(Driver.THREAD) { loop ->
                val socket = loop.connect(server.url(), plain)
                val sent = AtomicInteger()
                val sending = launch {
                    for (i in 0 until count) {
                        socket.send(ByteBuffer.allocate(2000).putInt(0, i))
                        sent.incrementAndGet()
                        assertTrue(socket.webSocket.bufferedAmount <= 1 shl 20)
                    }
                }
                assertTrue(stop { sent.get().toLong() } < count, "all messages were sent")
                reading.countDown()
                sending.join()
                assertTrue(socket.close().isClean)
                assertEquals("close 1000", server.found())
            }
        }
    }

    /** The oldest sender continues first, even if the message of another sender would fit. A cancelled send queues nothing. */
    @Test
    fun sendsKeepTheirOrderAndCanBeCancelled() {
        var polls = true
        val loop = WebSocketLoop()
        val first = CountDownLatch(1)
        Server { peer ->
            peer.accept("")
            first.await()
            while (true) {
                val payload = peer.frame()
                if (peer.opcode == 1) peer.found(String(payload))
                if (peer.opcode == 8) break
            }
            peer.send(8, byteArrayOf(3, -24))
        }.use { server ->
            game(loop, { polls }) {
                val socket = loop.connect(server.url(), plain)
                polls = false
                fill(socket)
                fun sender(text: String): Job = launch(start = CoroutineStart.UNDISPATCHED) { socket.send(text) }
                val cancelled = sender("x".repeat(5000))
                val large = sender("l".repeat(5000))
                val waiting = sender("never sent either")
                val small = sender("s")
                cancelled.cancelAndJoin()
                waiting.cancelAndJoin()
                assertTrue(large.isActive && small.isActive)
                first.countDown()
                polls = true
                large.join()
                small.join()
                assertEquals("l".repeat(5000), server.found())
                assertEquals("s", server.found())
                assertTrue(socket.close().isClean)
                assertNull(server.found.poll())
            }
        }
        loop.close()
    }

    /**
     * The collector waits in a send, because the server does not read. The report of the lost connection is behind untaken
     * messages.
     */
    @Test
    fun aCollectorThatSendsNoticesALostConnection() {
        val stuck = CountDownLatch(1)
        Server { peer ->
            peer.accept("")
            repeat(300) { peer.send(2, ByteArray(1000)) }
            stuck.await() // The connection ends with a reset, because the server has not read.
        }.use { server ->
            test(Driver.THREAD) { loop ->
                val socket = loop.connect(server.url(), plain)
                val sent = AtomicInteger()
                val taken = AtomicInteger()
                val result = async {
                    errorOf {
                        socket.messages.collectAll {
                            taken.incrementAndGet()
                            while (true) {
                                socket.send(ByteArray(100_000))
                                sent.incrementAndGet()
                            }
                        }
                    }
                }
                until("it sends") { sent.get() > 0 }
                stop { sent.get().toLong() }
                stuck.countDown()
                result.await()
                assertEquals(1, taken.get())
            }
        }
    }

    /** `collect` with a function is an extension in older versions of kotlinx.coroutines, and a member in newer ones. */
    private suspend fun <T> Flow<T>.collectAll(block: suspend (T) -> Unit): Unit = onEach(block).collect()

    /** Many messages are queued, so receiving is paused, and the collector itself waits for the end. */
    @ParameterizedTest
    @EnumSource
    fun aCollectorMayClose(driver: Driver) = server { peer -> repeat(1000) { peer.say("$it") } }.use { server ->
        test(driver) { loop ->
            val socket = loop.connect(server.url(), plain)
            until("the messages are queued") { socket.webSocket.stats.messagesReceived == 1000L }
            val taken = ArrayList<String>()
            socket.messages.collectAll {
                taken.add(textOf(it))
                if (taken.size == 1) assertTrue(socket.close(4000, "enough").isClean)
            }
            assertEquals(taken.indices.map { "$it" }, taken) // the queued messages, without a gap
            assertTrue(taken.size < 1000)
            assertEquals("close 4000", server.found())
        }
    }

    @ParameterizedTest
    @EnumSource
    fun closeWithACode(driver: Driver) = server().use { server ->
        test(driver) { loop ->
            val socket = loop.connect(server.url())
            assertEquals(ErrorCode.INVALID_CLOSE, errorOf { socket.close(999) }.error)
            assertEquals(ErrorCode.INVALID_CLOSE, errorOf { socket.close(1000, "x".repeat(124)) }.error)
            socket.send("still open")
            val one = async(start = CoroutineStart.UNDISPATCHED) { socket.close(4002, "why") }
            val two = async { socket.close() }
            assertEquals(listOf(4002, 4002), listOf(one, two).map { it.await().sentCode })
            assertEquals("close 4002", server.found())
        }
    }

    @ParameterizedTest
    @EnumSource
    fun theServerAborts(driver: Driver) = Server { peer ->
        peer.accept("")
        peer.say("last")
    }.use { server ->
        test(driver) { loop ->
            val socket = loop.connect(server.url(), plain)
            val taken = ArrayList<String>()
            val lost = errorOf { socket.messages.collectAll { taken.add(textOf(it)) } }
            assertEquals(listOf("last"), taken)
            assertEquals(ErrorCode.CONNECTION_LOST, lost.error)
            val info = socket.webSocket.closeInfo
            assertNotNull(info)
            for (thrown in listOf(lost, errorOf { socket.send("late") }, errorOf { socket.receive() })) {
                assertEquals(ErrorCode.CONNECTION_LOST to info, thrown.error to thrown.closeInfo)
                assertTrue(thrown.message!!.contains(info!!.message), thrown.message)
            }
            assertEquals(info, socket.close())
        }
    }

    @ParameterizedTest
    @EnumSource
    fun aConnectThatFails(driver: Driver) {
        val dead = ServerSocket(0).use { it.localPort }
        Server { peer ->
            peer.head()
            peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        }.use { server ->
            test(driver) { loop ->
                val refused = errorOf { loop.connect("127.0.0.1", dead) }
                assertEquals(ErrorCode.CONNECT to CloseInfo.Phase.CONNECT, refused.error to refused.closeInfo!!.phase)
                val forbidden = errorOf { loop.connect(server.url()) }
                assertEquals(ErrorCode.HTTP_STATUS to 403, forbidden.error to forbidden.closeInfo!!.httpStatus)
                val bad = errorOf { loop.connect("ws://[") }
                assertEquals(ErrorCode.INVALID_URL to null, bad.error to bad.closeInfo)
                loop.close()
                assertEquals(ErrorCode.BAD_HANDLE, errorOf { loop.connect(server.url()) }.error)
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    fun aMessageThatCannotBeSent(driver: Driver) = test(driver) { loop ->
        loop.connect(Support.ECHO).use { socket ->
            val big = errorOf { socket.send(ByteArray(WebSocket.MAX_MESSAGE_BYTES + 1)) }
            assertEquals(ErrorCode.MESSAGE_TOO_BIG to null, big.error to big.closeInfo)
            socket.send("small")
            assertEquals("small", textOf(socket.receive()))
        }
    }

    /** `directMessages` uses one buffer for all messages, so each message is copied. */
    @Test
    fun directMessagesAreCopied() = test(Driver.THREAD) { loop ->
        loop.connect(Support.ECHO, WebSocketOptions.Builder().directMessages(true).build()).use { socket ->
            for (i in 1..20) socket.send(ByteArray(100) { i.toByte() })
            until("the echoes have arrived") { socket.webSocket.stats.messagesReceived == 20L }
            for (i in 1..20) assertArrayEquals(ByteArray(100) { i.toByte() }, (socket.receive() as WebSocketMessage.Binary).data)
        }
    }

    /** The server does not answer the upgrade. */
    @ParameterizedTest
    @EnumSource
    fun cancelWhileConnecting(driver: Driver) = Server { peer ->
        peer.found(peer.head().length)
        peer.found(peer.end())
    }.use { server ->
        test(driver) { loop ->
            val connecting = launch { loop.connect(server.url()) }
            server.found()
            connecting.cancelAndJoin()
            assertEquals("gone", server.found())
        }
    }

    @Test
    fun aCancelledCoroutineDoesNotConnect() = test(Driver.THREAD) { loop ->
        launch {
            coroutineContext[Job]!!.cancel()
            loop.connect(Support.ECHO)
            fail<Unit>("the socket has connected")
        }.join()
        assertTrue(socketsOf(loop).isEmpty())
    }

    /** Cancels a collector that waits, a collector that handles a message, and a block of `use`. */
    @ParameterizedTest
    @EnumSource
    fun cancelWhileConnected(driver: Driver) = server { peer -> peer.say("one") }.use { server ->
        test(driver) { loop ->
            val ways = listOf<suspend (CoroutineWebSocket) -> Unit>(
                { socket -> socket.messages.collectAll {} },
                { socket -> socket.messages.collectAll { delay(Long.MAX_VALUE) } },
                { socket -> socket.use { delay(Long.MAX_VALUE) } },
                { socket -> socket.use { socket.receive(); socket.receive() } }
            )
            for (way in ways) {
                val socket = loop.connect(server.url(), plain)
                until("the message has arrived") { socket.webSocket.stats.messagesReceived == 1L }
                val job = launch(start = CoroutineStart.UNDISPATCHED) { way(socket) }
                job.cancelAndJoin()
                assertEquals("gone", server.found())
                assertEquals(ErrorCode.ABORTED, errorOf { socket.receive() }.error)
                assertEquals(ErrorCode.ABORTED, socket.close().error)
            }
        }
    }

    /** A collector throws, or takes only the first message. */
    @ParameterizedTest
    @EnumSource
    fun theEndOfTheCollectorIsTheEndOfTheSocket(driver: Driver) = server { peer -> peer.say("one") }.use { server ->
        test(driver) { loop ->
            assertEquals("one", textOf(loop.connect(server.url()).messages.first()))
            assertEquals("gone", server.found())
            try {
                loop.connect(server.url()).messages.collectAll { throw IllegalStateException("of the collector") }
                fail<Unit>("the exception is lost")
            } catch (expected: IllegalStateException) {
                assertEquals("of the collector", expected.message)
            }
            assertEquals("gone", server.found())
            try {
                loop.connect(server.url()).use { throw IllegalStateException("of the block") }
            } catch (expected: IllegalStateException) {
                assertEquals("of the block", expected.message)
            }
            assertEquals("gone", server.found())
        }
    }

    /** The server does not answer the Close frame. */
    @ParameterizedTest
    @EnumSource
    fun cancelWhileClosing(driver: Driver) = Server { peer ->
        peer.accept("")
        peer.frame()
        peer.found(peer.opcode)
        peer.found(peer.end())
    }.use { server ->
        test(driver) { loop ->
            val socket = loop.connect(server.url())
            val closing = launch { socket.close() }
            assertEquals(8, server.found())
            closing.cancelAndJoin()
            assertEquals("gone", server.found())
            assertEquals(ErrorCode.ABORTED, socket.close().error)
        }
    }

    /** Receivers are cancelled when a message arrives, including receivers that wait for their turn. */
    @Test
    fun aCancelledReceiveTakesNoMessage() {
        val count = 3000
        server { peer ->
            repeat(count) {
                peer.say("$it")
                if (it % 50 == 0) Thread.yield()
            }
        }.use { server ->
            test(Driver.THREAD) { loop ->
                val socket = loop.connect(server.url(), plain)
                val taken = ConcurrentLinkedQueue<Int>()
                var cancelled = 0
                while (taken.size < count) {
                    val receivers = List(2) { launch { taken.add(textOf(socket.receive()).toInt()) } }
                    kotlinx.coroutines.yield()
                    receivers.forEach { it.cancel() }
                    receivers.forEach { it.join() }
                    cancelled += receivers.count { it.isCancelled }
                }
                assertTrue(cancelled > 0)
                assertEquals((0 until count).toList(), taken.sorted())
                assertTrue(socket.close().isClean)
                assertEquals("close 1000", server.found())
            }
        }
    }

    private fun freed(thrown: WebSocketException) {
        assertEquals(ErrorCode.ABORTED to null, thrown.error to thrown.closeInfo)
        assertTrue(thrown.message!!.contains("freed"), thrown.message)
    }

    /** A closed loop and a freed socket send no more events: each waiting call must end. */
    @ParameterizedTest
    @EnumSource
    fun theEndOfTheLoopEndsAllWaits(driver: Driver) = Server { peer ->
        peer.accept("")
        peer.frame()
        peer.found("Close")
        peer.end()
    }.use { server ->
        val silent = ServerSocket(0)
        for (ending in listOf<(CoroutineWebSocket) -> Unit>({ it.webSocket.loop.close() }, { it.webSocket.free() })) {
            test(driver) { loop ->
                val socket = loop.connect(server.url())
                val connecting = async { errorOf { loop.connect("127.0.0.1", silent.localPort) } }
                val receiving = async { errorOf { socket.receive() } }
                val collecting = async { errorOf { socket.messages.toList() } }
                val closing = async { errorOf { socket.close() } }
                assertEquals("Close", server.found())
                ending(socket)
                for (thrown in listOf(receiving, collecting, closing)) freed(thrown.await())
                freed(errorOf { socket.send("late") })
                loop.close()
                freed(connecting.await())
            }
        }
        silent.close()
    }

    @Test
    fun theEndOfTheLoopEndsASend() {
        var polls = true
        val loop = WebSocketLoop()
        val never = CountDownLatch(1)
        server { never.await() }.use { server ->
            game(loop, { polls }) {
                val socket = loop.connect(server.url(), plain)
                polls = false
                fill(socket)
                val sending = async(start = CoroutineStart.UNDISPATCHED) { errorOf { socket.send(ByteArray(1000)) } }
                loop.close()
                freed(sending.await())
            }
        }
        never.countDown()
    }

    /** This compiles only if the compiler knows all cases. */
    private fun describe(event: WebSocketEvent): String = when (event) {
        is WebSocketMessage.Text -> event.text
        is WebSocketMessage.Binary -> "${event.data.size} bytes"
        is WebSocketEvent.Lost -> "lost ${event.info.error}"
        is WebSocketEvent.Reconnected -> "connection ${event.generation}"
    }

    /** Losses and reconnections are reported in the correct order between the messages. */
    @ParameterizedTest
    @EnumSource
    fun reconnections(driver: Driver) {
        val number = AtomicInteger()
        Server { peer ->
            peer.accept("")
            val own = number.incrementAndGet()
            peer.say("message of $own")
            if (own == 3) peer.found(peer.end())
        }.use { server ->
            val retry = RetryOptions.Builder().minWaitMillis(RetryOptions.AT_ONCE).maxWaitMillis(10).build()
            val options = plain.toBuilder().retryAttempts(WebSocketOptions.UNLIMITED).retry(retry).build()
            test(driver) { loop ->
                val socket = loop.connect(server.url(), options)
                val found = ConcurrentLinkedQueue<String>()
                val collecting = launch { socket.events.collectAll { found.add(describe(it)) } }
                until("the socket has reconnected") { "message of 3" in found }
                assertTrue(socket.close().isClean)
                collecting.join()
                val lost = "lost CONNECTION_LOST"
                val expected = listOf("message of 1", lost, "connection 2", "message of 2", lost, "connection 3", "message of 3")
                assertEquals(expected, found.toList())
            }
        }
    }

    /** Without a collector, only the last loss is kept. */
    @Test
    fun reconnectionsThatNobodyTakes() {
        val number = AtomicInteger()
        Server { peer ->
            peer.accept("")
            if (number.incrementAndGet() == 20) peer.found(peer.end())
        }.use { server ->
            val retry = RetryOptions.Builder().minWaitMillis(RetryOptions.AT_ONCE).maxWaitMillis(1).build()
            val options = plain.toBuilder().retryAttempts(WebSocketOptions.UNLIMITED).retry(retry).build()
            test(Driver.THREAD) { loop ->
                val socket = loop.connect(server.url(), options)
                until("the socket has connected 20 times") { socket.webSocket.generation == 20 }
                assertTrue(socket.close().isClean)
                val (lost, connected) = socket.events.toList()
                assertEquals(ErrorCode.CONNECTION_LOST, (lost as WebSocketEvent.Lost).info.error)
                assertEquals(20, (connected as WebSocketEvent.Reconnected).generation)
            }
        }
    }

    /** During a reconnection a send is refused; it does not wait. */
    @ParameterizedTest
    @EnumSource
    fun aSendWithoutAConnection(driver: Driver) {
        val number = AtomicInteger()
        Server { peer -> if (number.incrementAndGet() == 1) peer.accept("") else peer.found(peer.end()) }.use { server ->
            test(driver) { loop ->
                val socket = loop.connect(server.url(), plain.toBuilder().retryAttempts(1).build())
                until("the connection is lost") { socket.webSocket.state == WebSocket.State.CONNECTING }
                val refused = errorOf { socket.send("lost") }
                assertEquals(ErrorCode.NOT_OPEN to null, refused.error to refused.closeInfo)
                assertEquals(ErrorCode.ABORTED, socket.close().error)
            }
        }
    }

    /** Sockets that the program drops, in each state, leave nothing behind. */
    @Test
    fun nothingLeaks() = test(Driver.THREAD) { loop ->
        val jobs = List(300) { i ->
            launch {
                val socket = loop.connect(Support.ECHO)
                when (i % 4) {
                    0 -> socket.use { it.send("x") }
                    1 -> socket.messages.collectAll { delay(Long.MAX_VALUE) }
                    2 -> socket.cancel()
                    else -> socket.use { it.send("x"); delay(Long.MAX_VALUE) }
                }
            }
        }
        jobs.forEachIndexed { i, job -> if (i % 2 == 1) job.cancel() }
        jobs.forEach { it.join() }
        until("the sockets have ended") { socketsOf(loop).isEmpty() }
    }
}
