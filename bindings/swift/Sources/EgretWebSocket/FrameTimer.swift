// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation

#if canImport(QuartzCore) && !os(macOS)
import QuartzCore
#endif

/// Polls a loop on the main actor, from the main run loop, until it is stopped or released. Polls once a display frame where
/// `CADisplayLink` exists; elsewhere, for example on a Mac, 60 times a second.
@MainActor
public final class FrameTimer {
    public let loop: WebSocketLoop
    private let ticks: Ticks

    public init(polling loop: WebSocketLoop) {
        self.loop = loop
        ticks = Ticks()
        ticks.start(for: self)
    }

    /// Stops polling for ever. The loop itself goes on.
    public func stop() { ticks.stop() }

    fileprivate func poll() {
        // The only possible error is that another poll runs already, which does the work.
        _ = try? loop.poll()
    }
}

// The run loop holds its target strongly, so the target refers to the timer weakly. The next tick detects a released timer.
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
            // Passed to code of the main actor although it is not Sendable: this is the main thread.
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
