// A stub of the parts of Apple's QuartzCore that FrameTimer.swift uses, to compile that file on Linux (see tests.sh).
import Foundation

open class CADisplayLink: NSObject {
    public init(target: Any, selector: Any) {}
    open func add(to runLoop: RunLoop, forMode mode: RunLoop.Mode) {}
    open var isPaused = false
    open func invalidate() {}
}
