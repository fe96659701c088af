// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation

#if canImport(Network)
import Network
#endif
#if canImport(UIKit) && !os(watchOS)
import UIKit
#endif

/// Decides which reports of the system are changes of the network in use. Several reports within a short time count as one.
final class NetworkChanges: Sendable {
    private struct State: Sendable {
        /// The network that the connections use; nil until the first one is known.
        var inUse: String?
        /// The network of the last report; nil: there is no network.
        var reported: String?
        /// The number of the last report. A check for an older report does nothing.
        var reports = 0
    }

    private let state = Awaited(State())
    private let schedule: @Sendable (@escaping @Sendable () -> Void) -> Void
    private let changed: @Sendable () -> Void

    /// `schedule` calls a closure after a time. Further reports before this call belong to one change.
    init(
        schedule: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void, changed: @escaping @Sendable () -> Void
    ) {
        self.schedule = schedule
        self.changed = changed
    }

    /// Call it when the system reports the network in use, or nil if there is none.
    func report(_ network: String?) {
        let number = state.update { state in
            state.reported = network
            state.reports += 1
            return state.reports
        }
        schedule { [weak self] in self?.check(number) }
    }

    private func check(_ number: Int) {
        let isChange = state.update { state in
            guard state.reports == number, let network = state.reported, network != state.inUse else { return false }
            // The first network is the one that the loop already uses.
            let isChange = state.inUse != nil
            state.inUse = network
            return isChange
        }
        if isChange { changed() }
    }
}

#if canImport(Network)
extension EgretWS {
    /// Calls `networkChanged` of a loop or a service when the device uses another network. With `followingScenes` it also calls
    /// `suspend` and `resume` when the app goes to the background and returns. It ends when it is released.
    ///
    /// An app with a `FrameTimer` calls `enterBackground` and `enterForeground` of the timer instead of `followingScenes`.
    public final class NetworkMonitor: Sendable {
        private let monitor = NWPathMonitor()
        private let changes: NetworkChanges
        private let observers: Observers

        /// The time without further reports after which a change counts. A phone that changes its network causes several reports.
        public static let delay = 0.5

        public init(_ control: LoopControl, followingScenes: Bool = false) {
            let queue = DispatchQueue(label: "egret-ws-network")
            let changes = NetworkChanges(
                schedule: { check in queue.asyncAfter(deadline: .now() + Self.delay, execute: check) },
                // It fails only if the loop was freed.
                changed: { try? control.networkChanged() })
            self.changes = changes
            observers = Observers(followingScenes ? control : nil)
            monitor.pathUpdateHandler = { changes.report(Self.network(of: $0)) }
            monitor.start(queue: queue)
        }

        deinit { monitor.cancel() }

        /// Returns a text that identifies a network: the interface in use and its gateways.
        private static func network(of path: NWPath) -> String? {
            guard path.status == .satisfied, let interface = path.availableInterfaces.first else { return nil }
            var text = "\(interface.name) \(interface.type)"
            if #available(iOS 13, macOS 10.15, tvOS 13, *) { text += path.gateways.map { " \($0)" }.joined() }
            return text
        }
    }
}

/// The observers of the app's lifecycle.
private final class Observers: @unchecked Sendable {  // `tokens` is set once, by init
    private var tokens: [any NSObjectProtocol] = []

    init(_ control: EgretWS.LoopControl?) {
        #if canImport(UIKit) && !os(watchOS)
        guard let control else { return }
        let observe = { (name: Notification.Name, call: @escaping @Sendable () -> Void) in
            // Without a queue it is called immediately, which is necessary because the system may soon freeze the process.
            NotificationCenter.default.addObserver(forName: name, object: nil, queue: nil) { _ in call() }
        }
        // UIKit posts these notifications when the last scene disappears, and when the first one appears.
        tokens = [
            observe(UIApplication.didEnterBackgroundNotification) { try? control.suspend() },
            observe(UIApplication.willEnterForegroundNotification) { try? control.resume() },
        ]
        #endif
    }

    deinit { tokens.forEach { NotificationCenter.default.removeObserver($0) } }
}
#endif
