// A stub of the parts of Apple's UIKit that NetworkMonitor.swift uses, to compile that file on Linux (see tests.sh).
import Foundation

open class UIApplication {
    public static let didEnterBackgroundNotification = Notification.Name("UIApplicationDidEnterBackgroundNotification")
    public static let willEnterForegroundNotification = Notification.Name("UIApplicationWillEnterForegroundNotification")
}
