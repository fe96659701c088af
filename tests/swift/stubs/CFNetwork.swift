// A stub of the parts of Apple's CFNetwork that SystemProxies.swift uses, to compile that file on Linux (see tests.sh).
import Foundation

public typealias CFString = NSString
public typealias CFURL = NSURL
public typealias CFDictionary = NSDictionary
public typealias CFArray = NSArray
public typealias CFError = NSError
public typealias CFIndex = Int
public final class CFRunLoop {}
public final class CFRunLoopSource {}
public struct CFRunLoopMode {
    public init(_ name: CFString) {}
}
public struct CFStreamClientContext {
    public init(
        version: CFIndex, info: UnsafeMutableRawPointer?,
        retain: (@convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?)?,
        release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?,
        copyDescription: OpaquePointer?
    ) {}
}
// On Apple's systems this is a C function. On Linux a C function cannot take classes.
public typealias CFProxyAutoConfigurationResultCallback = (UnsafeMutableRawPointer, CFArray, CFError?) -> Void

nonisolated(unsafe) public let kCFProxyTypeKey: CFString = "kCFProxyTypeKey"
nonisolated(unsafe) public let kCFProxyTypeNone: CFString = "kCFProxyTypeNone"
nonisolated(unsafe) public let kCFProxyTypeHTTP: CFString = "kCFProxyTypeHTTP"
nonisolated(unsafe) public let kCFProxyTypeHTTPS: CFString = "kCFProxyTypeHTTPS"
nonisolated(unsafe) public let kCFProxyTypeSOCKS: CFString = "kCFProxyTypeSOCKS"
nonisolated(unsafe) public let kCFProxyTypeAutoConfigurationURL: CFString = "kCFProxyTypeAutoConfigurationURL"
nonisolated(unsafe) public let kCFProxyTypeAutoConfigurationJavaScript: CFString = "kCFProxyTypeAutoConfigurationJavaScript"
nonisolated(unsafe) public let kCFProxyAutoConfigurationURLKey: CFString = "kCFProxyAutoConfigurationURLKey"
nonisolated(unsafe) public let kCFProxyAutoConfigurationJavaScriptKey: CFString = "kCFProxyAutoConfigurationJavaScriptKey"
nonisolated(unsafe) public let kCFProxyHostNameKey: CFString = "kCFProxyHostNameKey"
nonisolated(unsafe) public let kCFProxyPortNumberKey: CFString = "kCFProxyPortNumberKey"

public func CFNetworkCopySystemProxySettings() -> Unmanaged<CFDictionary>? { nil }
public func CFNetworkCopyProxiesForURL(_ url: CFURL, _ settings: CFDictionary) -> Unmanaged<CFArray> {
    .passRetained(NSArray())
}
public func CFNetworkExecuteProxyAutoConfigurationURL(
    _ script: CFURL, _ url: CFURL, _ callback: @escaping CFProxyAutoConfigurationResultCallback,
    _ context: UnsafeMutablePointer<CFStreamClientContext>
) -> Unmanaged<CFRunLoopSource> { .passRetained(CFRunLoopSource()) }
public func CFNetworkExecuteProxyAutoConfigurationScript(
    _ script: CFString, _ url: CFURL, _ callback: @escaping CFProxyAutoConfigurationResultCallback,
    _ context: UnsafeMutablePointer<CFStreamClientContext>
) -> Unmanaged<CFRunLoopSource> { .passRetained(CFRunLoopSource()) }
public func CFRunLoopGetCurrent() -> CFRunLoop { CFRunLoop() }
public func CFRunLoopAddSource(_ loop: CFRunLoop, _ source: CFRunLoopSource, _ mode: CFRunLoopMode) {}
public func CFRunLoopStop(_ loop: CFRunLoop) {}
@discardableResult
public func CFRunLoopRunInMode(_ mode: CFRunLoopMode, _ seconds: Double, _ once: Bool) -> Int { 0 }
public func CFRunLoopSourceInvalidate(_ source: CFRunLoopSource) {}
