import EgretWebSocket
import Foundation

/// A chat: its lines, and its connection, which reconnects after a loss. Everything is on the main actor, like the views.
@MainActor
public final class Chat {
    public private(set) var lines: [String] = [] {
        didSet { onChange() }
    }
    /// Called when the lines have changed.
    public var onChange: () -> Void = {}
    /// For `EgretWS.NetworkMonitor`, which exists only on Apple's systems.
    public var control: EgretWS.LoopControl { service.control }

    private let service: EgretWS.Service
    private let socket: EgretWS.Socket
    private var reader: Task<Void, Never>?
    private let maxLines = 500

    /// Begins to connect.
    public init(url: String) throws {
        service = try EgretWS.Service()
        var options = EgretWS.SocketOptions()
        options.retryAttempts = .unlimited
        socket = try service.beginConnect(url, options: options)
        // The task keeps the socket alive, but not the chat: a chat without references ends.
        reader = Task { [weak self, socket] in
            do {
                for try await event in socket.events { self?.show(event) }
            } catch {
                self?.show(error.localizedDescription)
            }
        }
    }

    deinit {
        reader?.cancel()
        try? socket.abort()
    }

    /// Sends a line. Waits for room in the send queue.
    public func say(_ line: String) async {
        show("I: \(line)")  // before the wait, because the answer may arrive first
        do {
            try await socket.send(line)
        } catch {
            show("not sent: \(error.localizedDescription)")
        }
    }

    /// Call it when the process may be frozen from now on: no time-out ends, and the socket does not reconnect.
    public func enterBackground() {
        do { try control.suspend() } catch { show(error.localizedDescription) }
    }

    /// Tests with a ping whether the connection still works. If not, the socket reconnects.
    public func enterForeground() {
        do { try control.resume() } catch { show(error.localizedDescription) }
    }

    /// Sends the accepted messages, and waits for the end.
    public func leave() async {
        _ = try? await socket.close()
        await reader?.value
    }

    private func show(_ event: EgretWS.Event) {
        switch event {
        case .connected: show("connected")
        case .message(.text(let text)): show(text)
        case .message, .pong: break
        case .retrying(let info, let attempt, _): show("attempt \(attempt): \(info.message)")
        case .closed(let info): show(info.message)
        }
    }

    private func show(_ line: String) {
        lines = (lines + [line]).suffix(maxLines)
    }
}
