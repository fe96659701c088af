// Apple's QuartzCore as far as FrameTimer.swift uses it, to compile that file where there is none (see tests.sh).
import Foundation

open class CADisplayLink: NSObject {
    public init(target: Any, selector: Any) {}
    open func add(to runLoop: RunLoop, forMode mode: RunLoop.Mode) {}
    open func invalidate() {}
}
