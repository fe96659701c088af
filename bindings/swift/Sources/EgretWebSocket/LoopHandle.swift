// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

/// Owns a loop of C and frees it.
///
/// A handle is a number that the library checks at each call and never dereferences. This class keeps it as a number, which is
/// Sendable; the use of a freed handle is an error, and safe.
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
            // If this fails, deinit frees the loop.
            try checked(egret_ws_loop_set_wakeup(made, { LoopListeners.find($0)?.onWakeup?() }, user))
        }
    }

    /// Keeps this object alive until the poll ends, so that no callback of the loop frees the loop.
    func poll(timeoutMs: Int32) throws(WebSocketError) -> Int {
        let result = withExtendedLifetime(self) { egret_ws_loop_poll(c, timeoutMs) }
        return Int(try checked(result))
    }

    deinit {
        if egret_ws_loop_free(c, nil) == EGRET_WS_ERR_REENTRANT {
            // The last reference was released in `onLog`, perhaps on the loop's I/O thread: another thread frees the loop.
            DispatchQueue.global().async { [bits, listener] in
                egret_ws_loop_free(OpaquePointer(bitPattern: bits), nil)
                LoopListeners.remove(listener)
            }
        } else {
            LoopListeners.remove(listener)
        }
    }
}

/// The callbacks that any thread may call, by number: such a call may still run after `egret_ws_loop_free` has returned, so
/// `user` is not a pointer.
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
        // Released after the unlock, because the deinit of a captured object may run any code.
        withExtendedLifetime(all.update { $0.listeners.removeValue(forKey: id) }) {}
    }
}

/// Passes events of the system to a loop, from any thread. Throws `badHandle` after the loop was freed.
public struct LoopControl: Sendable {
    let bits: UInt
    private var c: OpaquePointer? { OpaquePointer(bitPattern: bits) }

    /// Call it before the system may freeze the process.
    public func suspend() throws(WebSocketError) { try checked(egret_ws_loop_suspend(c)) }
    /// Call it when the process runs again.
    public func resume() throws(WebSocketError) { try checked(egret_ws_loop_resume(c)) }
    /// Call it when the machine uses another network.
    public func networkChanged() throws(WebSocketError) { try checked(egret_ws_loop_network_changed(c)) }
    /// Ends the wait of a poll.
    public func wake() throws(WebSocketError) { try checked(egret_ws_loop_wake(c)) }
}
