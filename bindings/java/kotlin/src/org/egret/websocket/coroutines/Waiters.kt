package org.egret.websocket.coroutines

import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlin.coroutines.resume

/** Coroutines that wait for a condition on data that [lock] protects. They check it again after each [takeAll]. */
internal class Waiters(private val lock: Any) {
    private var waiting = ArrayList<CancellableContinuation<Unit>>()

    /**
     * If [isNeeded] returns true under the lock, suspends until the next [takeAll]. The condition may have changed when it
     * returns.
     */
    suspend fun await(isNeeded: () -> Boolean) {
        suspendCancellableCoroutine<Unit> { continuation ->
            val waits = synchronized(lock) { isNeeded() && waiting.add(continuation) }
            if (waits) {
                continuation.invokeOnCancellation { synchronized(lock) { waiting.remove(continuation) } }
            } else {
                continuation.resume(Unit)
            }
        }
    }

    /**
     * Call it under the lock: it takes the waiting coroutines. [resumeAll] resumes them without the lock, because they may run
     * at once.
     */
    fun takeAll(): List<CancellableContinuation<Unit>> {
        if (waiting.isEmpty()) return emptyList()
        val taken = waiting
        waiting = ArrayList()
        return taken
    }
}

internal fun List<CancellableContinuation<Unit>>.resumeAll() {
    for (continuation in this) continuation.resume(Unit)
}
