// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

/// Owns a loop of C's and frees it.
///
/// Handles are numbers that the library checks at each call and never dereferences; so they are kept as numbers here, which
/// makes them Sendable, and one that was freed is an error and no danger.
final class LoopHandle: Sendable {
    private let bits: UInt
    private let listener: UInt

    var c: OpaquePointer? { OpaquePointer(bitPattern: bits) }
    var control: LoopControl { LoopControl(bits: bits) }

    init(_ options: LoopOptions, onWakeup: (@Sendable () -> Void)? = nil) throws(WebSocketError) {
        var c = egret_ws_loop_options()
        try checked(egret_ws_loop_options_init(&c, MemoryLayout<egret_ws_loop_options>.size))
        c.flags = options.flags.rawValue
        // generated: loop options for C, by "make header"; do not edit
        c.log_level = options.logLevel.rawValue
        c.poll_max_callbacks = options.pollMaxCallbacks
        c.poll_max_us = options.pollMaxUs
        c.linger_ms = options.lingerMs
        // generated: end
        let listener = LoopListeners.add(.init(onLog: options.onLog, onWakeup: onWakeup))
        let user = UnsafeMutableRawPointer(bitPattern: listener)
        c.user = user
        if options.onLog != nil {
            c.on_log = { user, level, text, _ in
                guard let onLog = LoopListeners.find(user)?.onLog, let text else { return }
                onLog(LogLevel(rawValue: level) ?? .error, String(cString: text))
            }
        }
        var made: OpaquePointer?
        do {
            try checked(egret_ws_loop_new(&c, &made))
        } catch {
            LoopListeners.remove(listener)
            throw error
        }
        bits = UInt(bitPattern: made)
        self.listener = listener
        if onWakeup != nil {
            // If it fails, this is freed by deinit.
            try checked(egret_ws_loop_set_wakeup(made, { LoopListeners.find($0)?.onWakeup?() }, user))
        }
    }

    /// This stays alive until the poll ends, whatever callbacks drop: it is never freed by a callback of its own.
    func poll(timeoutMs: Int32) throws(WebSocketError) -> Int {
        let result = withExtendedLifetime(self) { egret_ws_loop_poll(c, timeoutMs) }
        return Int(try checked(result))
    }

    deinit {
        if egret_ws_loop_free(c) == EGRET_WS_ERR_REENTRANT {
            // The last reference was dropped in `onLog`, perhaps on the loop's own thread: another one frees it.
            DispatchQueue.global().async { [bits, listener] in
                egret_ws_loop_free(OpaquePointer(bitPattern: bits))
                LoopListeners.remove(listener)
            }
        } else {
            LoopListeners.remove(listener)
        }
    }
}

/// What loops call from any thread, by number: such a call may still run when `egret_ws_loop_free` has returned, so `user`
/// is not a pointer.
private enum LoopListeners {
    struct Listener: Sendable {
        let onLog: (@Sendable (LogLevel, String) -> Void)?
        let onWakeup: (@Sendable () -> Void)?
    }

    private static let all = Awaited<(last: UInt, listeners: [UInt: Listener])>((0, [:]))

    static func add(_ listener: Listener) -> UInt {
        all.update { all in
            all.last += 1
            all.listeners[all.last] = listener
            return all.last
        }
    }

    static func find(_ user: UnsafeMutableRawPointer?) -> Listener? {
        all.update { $0.listeners[UInt(bitPattern: user)] }
    }

    static func remove(_ id: UInt) {
        // Dropped outside of the lock: what a closure holds may do anything when it goes.
        withExtendedLifetime(all.update { $0.listeners.removeValue(forKey: id) }) {}
    }
}

/// Tells a loop what the system says, from any thread. One whose loop is gone throws `badHandle`.
public struct LoopControl: Sendable {
    let bits: UInt
    private var c: OpaquePointer? { OpaquePointer(bitPattern: bits) }

    /// Before the process may be frozen.
    public func suspend() throws(WebSocketError) { try checked(egret_ws_loop_suspend(c)) }
    /// After it.
    public func resume() throws(WebSocketError) { try checked(egret_ws_loop_resume(c)) }
    /// When the network that is used is another one.
    public func networkChanged() throws(WebSocketError) { try checked(egret_ws_loop_network_changed(c)) }
    /// Makes a poll that waits return.
    public func wake() throws(WebSocketError) { try checked(egret_ws_loop_wake(c)) }
}
