// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation

/// A value that a lock protects, and tasks that wait until the value has a certain state.
///
/// `@unchecked Sendable` is sound because `value` and `waiters` are used only while `lock` is held, and `State` is Sendable. No
/// code of a task runs under the lock: continuations are resumed after the unlock.
final class Awaited<State: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: State
    private var waiters: [UInt64: Waiter] = [:]
    private var lastWaiter: UInt64 = 0

    private struct Waiter {
        /// Checks the value again. If the wait is over, returns the closure to run after the unlock.
        let attempt: (inout State) -> (() -> Void)?
        let cancel: () -> Void
    }

    init(_ value: State) { self.value = value }

    /// Changes the value, and resumes the tasks whose wait is over.
    @discardableResult
    func update<Result>(_ change: (inout State) -> Result) -> Result {
        lock.lock()
        let result = change(&value)
        var ready: [() -> Void] = []
        if !waiters.isEmpty {
            // The waiters are in the order of their arrival.
            for id in waiters.keys.sorted() {
                guard let resume = waiters[id]?.attempt(&value) else { continue }
                waiters[id] = nil
                ready.append(resume)
            }
        }
        lock.unlock()
        ready.forEach { $0() }
        return result
    }

    /// Waits until `attempt` returns something. It runs under the lock and may change the value.
    /// Throws `cancelled` if the task is cancelled first.
    func wait<Success: Sendable>(
        _ attempt: @escaping @Sendable (inout State) -> Result<Success, EgretWS.Error>?
    ) async throws(EgretWS.Error) -> Success {
        let id = update { _ in newWaiter() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in begin(id, attempt, continuation)?() }
        } onCancel: {
            cancel(id)
        }
        return try result.get()
    }

    /// Call it while the lock is held.
    private func newWaiter() -> UInt64 {
        lastWaiter += 1
        return lastWaiter
    }

    private func begin<Success: Sendable>(
        _ id: UInt64, _ attempt: @escaping @Sendable (inout State) -> Result<Success, EgretWS.Error>?,
        _ continuation: CheckedContinuation<Result<Success, EgretWS.Error>, Never>
    ) -> (() -> Void)? {
        let cancelled = { continuation.resume(returning: .failure(EgretWS.Error(.cancelled, "the task was cancelled"))) }
        lock.lock()
        defer { lock.unlock() }
        // This check is under the lock, so a later cancellation finds the waiter.
        if Task.isCancelled { return cancelled }
        if let result = attempt(&value) { return { continuation.resume(returning: result) } }
        waiters[id] = Waiter(
            attempt: { state in attempt(&state).map { result in { continuation.resume(returning: result) } } },
            cancel: cancelled)
        return nil
    }

    private func cancel(_ id: UInt64) {
        lock.lock()
        let waiter = waiters.removeValue(forKey: id)
        lock.unlock()
        waiter?.cancel()
    }
}
