// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation

#if canImport(QuartzCore) && !os(macOS)
import QuartzCore
#endif

extension EgretWS {
    /// Polls a loop on the main actor, from the main run loop, until it is stopped or released. Where `CADisplayLink` exists,
    /// it polls once per display frame; elsewhere, for example on a Mac, 60 times per second.
    ///
    /// In the background a display has no frames. Call `enterBackground` and `enterForeground` when the system reports them,
    /// for example in `sceneDidEnterBackground` and `sceneWillEnterForeground`.
    @MainActor
    public final class FrameTimer {
        public let loop: Loop
        private let ticks: Ticks
        private var polling = Polling.frames
        /// The closure that the creator of the loop has set. It is set again after the background.
        private var wakeup: (@Sendable () -> Void)?
        /// For tests.
        private(set) var polls = 0

        private enum Polling { case frames, wakeups, stopped }

        public init(polling loop: Loop) {
            self.loop = loop
            ticks = Ticks()
            ticks.start(for: self)
        }

        /// Stops polling permanently. The loop itself continues.
        public func stop() {
            if polling == .wakeups { _ = try? loop.handle.setWakeup(wakeup) }
            polling = .stopped
            ticks.stop()
        }

        /// Call it when the app has gone to the background. It suspends the loop, because the system may soon freeze the process.
        /// Until then, for example during `beginBackgroundTask`, messages are still dispatched, because the loop requests each
        /// poll. (An inline loop cannot request polls, so it is not polled in the background.)
        public func enterBackground() {
            guard polling == .frames else { return }
            polling = .wakeups
            ticks.setPaused(true)
            wakeup = try? loop.handle.setWakeup { [weak self] in
                DispatchQueue.main.async { [weak self] in
                    MainActor.assumeIsolated {
                        if let self, self.polling == .wakeups { self.poll() }
                    }
                }
            }
            try? loop.control.suspend()
        }

        /// Call it when the app is in the foreground again. It resumes the loop, which checks its connections, and polls once
        /// per frame again.
        public func enterForeground() {
            guard polling == .wakeups else { return }
            polling = .frames
            _ = try? loop.handle.setWakeup(wakeup)
            try? loop.control.resume()
            ticks.setPaused(false)
            poll()
        }

        fileprivate func poll() {
            polls += 1
            // The only possible error is that another poll is running, and that poll does the work.
            _ = try? loop.poll()
        }
    }
}

// The run loop keeps its target alive, so the target refers to the timer weakly. The next tick detects a released timer.
#if canImport(QuartzCore) && !os(macOS)
@MainActor
private final class Ticks: NSObject {
    private weak var timer: EgretWS.FrameTimer?
    private weak var link: CADisplayLink?

    func start(for timer: EgretWS.FrameTimer) {
        self.timer = timer
        let link = CADisplayLink(target: self, selector: #selector(fire(_:)))
        self.link = link
        link.add(to: .main, forMode: .common)
    }

    func setPaused(_ paused: Bool) { link?.isPaused = paused }
    func stop() { link?.invalidate() }

    @objc private func fire(_ link: CADisplayLink) {
        guard let timer else { return link.invalidate() }
        timer.poll()
    }
}
#else
@MainActor
private final class Ticks {
    private static let interval = 1.0 / 60
    private weak var source: Timer?

    func start(for timer: EgretWS.FrameTimer) {
        let source = Timer(timeInterval: Self.interval, repeats: true) { [weak timer] source in
            // `source` is not Sendable. It may still be passed to code of the main actor, because this is the main thread.
            nonisolated(unsafe) let source = source
            MainActor.assumeIsolated {
                guard let timer else { return source.invalidate() }
                timer.poll()
            }
        }
        self.source = source
        RunLoop.main.add(source, forMode: .common)
    }

    func setPaused(_ paused: Bool) { source?.fireDate = paused ? .distantFuture : Date() + Self.interval }
    func stop() { source?.invalidate() }
}
#endif
