// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation

#if canImport(QuartzCore) && !os(macOS)
import QuartzCore
#endif

/// Polls a loop on the main actor, by the main run loop, until it is stopped or dropped: once a frame of the display where
/// there is a `CADisplayLink`; elsewhere, on a Mac for example, 60 times a second.
@MainActor
public final class FrameTimer {
    public let loop: WebSocketLoop
    private let ticks: Ticks

    public init(polling loop: WebSocketLoop) {
        self.loop = loop
        ticks = Ticks()
        ticks.start(for: self)
    }

    /// For good. What it polls goes on without it.
    public func stop() { ticks.stop() }

    fileprivate func poll() {
        // An error would be that somebody polls already: then it is done.
        _ = try? loop.poll()
    }
}

// The run loop holds what it calls, and that must not hold the timer: a dropped one is noticed at the next tick.
#if canImport(QuartzCore) && !os(macOS)
@MainActor
private final class Ticks: NSObject {
    private weak var timer: FrameTimer?
    private weak var link: CADisplayLink?

    func start(for timer: FrameTimer) {
        self.timer = timer
        let link = CADisplayLink(target: self, selector: #selector(fire(_:)))
        self.link = link
        link.add(to: .main, forMode: .common)
    }

    func stop() { link?.invalidate() }

    @objc private func fire(_ link: CADisplayLink) {
        guard let timer else { return link.invalidate() }
        timer.poll()
    }
}
#else
@MainActor
private final class Ticks {
    private weak var source: Timer?

    func start(for timer: FrameTimer) {
        let source = Timer(timeInterval: 1.0 / 60, repeats: true) { [weak timer] source in
            // Handed to the main actor's code, though it is not Sendable: this is the main thread.
            nonisolated(unsafe) let source = source
            MainActor.assumeIsolated {
                guard let timer else { return source.invalidate() }
                timer.poll()
            }
        }
        self.source = source
        RunLoop.main.add(source, forMode: .common)
    }

    func stop() { source?.invalidate() }
}
#endif
