// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

/// Owns a loop of C and frees it.
///
/// A handle is a number that the library checks at each call and never dereferences. This class keeps it as a number, which is
/// Sendable. The use of a freed handle is safe: it returns an error.
final class LoopHandle: Sendable {
    private let bits: UInt
    private let listener: LoopListener

    var c: OpaquePointer? { OpaquePointer(bitPattern: bits) }
    var control: EgretWS.LoopControl { .init(bits: bits) }

    init(_ options: EgretWS.LoopOptions, onWakeup: (@Sendable () -> Void)? = nil) throws(EgretWS.Error) {
        var c = egret_ws_loop_options()
        try checked(egret_ws_loop_options_init(&c, MemoryLayout<egret_ws_loop_options>.size))
        c.flags = options.flags.rawValue
        // generated: loop options for C, by "make header"; do not edit
        c.log_level = options.logLevel.rawValue
        c.poll_max_callbacks = try options.pollMaxCallbacks.c("pollMaxCallbacks")
        c.poll_max_us = try options.pollMaxUs.c("pollMaxUs")
        c.linger_ms = try options.linger.c("linger")
        // generated: end
        listener = LoopListener(options.onLog)
        if options.onLog != nil {
            c.on_log = { user, level, text, _ in
                guard let text else { return }
                LoopListener.of(user).onLog?(.init(rawValue: level) ?? .error, String(cString: text))
            }
        }
        let hooks = options.hooks.isEmpty ? nil : HookReceiver(options.hooks)
        var cHooks = try hooks?.c() ?? egret_ws_hooks()
        c.user = listener.retainedForC()
        var made: OpaquePointer?
        let result = withUnsafePointer(to: &cHooks) { cHooks in
            if hooks != nil { c.hooks = cHooks }
            return egret_ws_loop_new(&c, &made)
        }
        do {
            try checked(result)
        } catch {
            hooks?.detach()
            listener.releaseForC()
            throw error
        }
        bits = UInt(bitPattern: made)
        // If this fails, deinit frees the loop.
        if onWakeup != nil { try setWakeup(onWakeup) }
    }

    /// Replaces the closure that requests a poll, and returns the previous one.
    @discardableResult
    func setWakeup(_ onWakeup: (@Sendable () -> Void)?) throws(EgretWS.Error) -> (@Sendable () -> Void)? {
        let before = listener.wakeup.update { wakeup in
            let before = wakeup.call
            wakeup.call = onWakeup
            return before
        }
        // If work is pending, it is called soon.
        let call: egret_ws_on_wakeup_fn = { LoopListener.of($0).wakeup.update { $0.call }?() }
        do {
            try checked(egret_ws_loop_set_wakeup(c, onWakeup == nil ? nil : call, listener.forC))
        } catch {
            listener.wakeup.update { $0.call = before }
            throw error
        }
        return before
    }

    /// Polls. This object stays alive until the poll ends, so that no callback of the loop frees the loop.
    func poll(_ timeout: EgretWS.Timeout) throws(EgretWS.Error) -> Int {
        let timeout = try timeout.forPoll()
        return Int(try checked(withExtendedLifetime(self) { egret_ws_loop_poll(c, timeout) }))
    }

    /// Frees the loop and its sockets, and reports the lost messages.
    func free() throws(EgretWS.Error) -> EgretWS.FreeReport {
        var report = egret_ws_free_report()
        report.struct_size = UInt32(MemoryLayout<egret_ws_free_report>.size)
        try checked(egret_ws_loop_free(c, &report))
        listener.releaseForC()
        return EgretWS.FreeReport(report)
    }

    deinit {
        switch egret_ws_loop_free(c, nil) {
        case EGRET_WS_OK: listener.releaseForC()
        case EGRET_WS_ERR_REENTRANT:
            // The last reference was released in `onLog`, maybe on the loop's I/O thread, so another thread must free the loop.
            DispatchQueue.global().async { [bits, listener] in
                if egret_ws_loop_free(OpaquePointer(bitPattern: bits), nil) == EGRET_WS_OK { listener.releaseForC() }
            }
        // It is already freed.
        default: break
        }
    }
}

/// The `user` of the loop's callbacks. C owns a reference until `egret_ws_loop_free` has returned; after that, no callback is
/// called.
private final class LoopListener: Sendable {
    let onLog: (@Sendable (EgretWS.LogLevel, String) -> Void)?
    let wakeup = Awaited(Wakeup())

    /// It is a struct, because a closure that is itself the `inout` value of a generic function gets another wrapper at each call.
    struct Wakeup: Sendable {
        var call: (@Sendable () -> Void)?
    }

    init(_ onLog: (@Sendable (EgretWS.LogLevel, String) -> Void)?) { self.onLog = onLog }

    var forC: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }
    func retainedForC() -> UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }
    func releaseForC() { Unmanaged.passUnretained(self).release() }

    static func of(_ user: UnsafeMutableRawPointer?) -> LoopListener {
        Unmanaged<LoopListener>.fromOpaque(user!).takeUnretainedValue()
    }
}

extension EgretWS {
    /// Passes events of the system to a loop, from any thread. Throws `badHandle` after the loop was freed.
    public struct LoopControl: Sendable {
        let bits: UInt
        private var c: OpaquePointer? { OpaquePointer(bitPattern: bits) }

        /// Call it before the system may freeze the process.
        public func suspend() throws(Error) { try checked(egret_ws_loop_suspend(c)) }
        /// Call it when the process runs again.
        public func resume() throws(Error) { try checked(egret_ws_loop_resume(c)) }
        /// Call it when the machine uses another network.
        public func networkChanged() throws(Error) { try checked(egret_ws_loop_network_changed(c)) }
        /// Ends the wait of a poll.
        public func wake() throws(Error) { try checked(egret_ws_loop_wake(c)) }
    }

    /// The messages that were lost when a loop was freed: `egret_ws_free_report`.
    public struct FreeReport: Sendable, Hashable {
        /// The number of sockets with messages that were accepted and not completely passed to the operating system.
        public let sockets: Int
        public let unsentMessages: UInt64
        public let unsentBytes: UInt64

        init(_ report: egret_ws_free_report) {
            sockets = Int(report.sockets)
            unsentMessages = report.unsent_messages
            unsentBytes = report.unsent_bytes
        }
    }
}
