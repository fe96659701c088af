// SPDX-License-Identifier: MIT OR Apache-2.0

#if canImport(CFNetwork)
import CFNetwork
import Foundation

extension EgretWS.Hooks {
    /// Answers `onProxy` with the proxies of the system's settings, including automatic configuration (PAC). Set it as `onProxy`.
    ///
    /// The system evaluates a PAC script, which may block. This is allowed, because hooks have their own threads.
    @Sendable public static func systemProxies(_ query: EgretWS.ProxyQuery) throws {
        // The system knows only the schemes of HTTP.
        guard query.url.hasPrefix("ws"), let url = URL(string: "http" + query.url.dropFirst(2)) else {
            return try query.answer([])
        }
        guard let settings = CFNetworkCopySystemProxySettings()?.takeRetainedValue() else { return try query.answer([]) }
        let found = CFNetworkCopyProxiesForURL(url as CFURL, settings).takeRetainedValue() as? [[CFString: Any]] ?? []
        let proxies = try found.flatMap { try ProxyEntry.urls(of: $0, for: url) }
        try query.answer(Array(proxies.prefix(8)))
    }
}

/// An entry of CFNetwork's lists of proxies.
private enum ProxyEntry {
    /// Returns the URL of the proxy, or `direct`; several for a PAC script; none for a kind that the library does not support.
    static func urls(of entry: [CFString: Any], for url: URL) throws -> [String] {
        let type = entry[kCFProxyTypeKey] as? NSObject
        func isType(_ wanted: CFString) -> Bool { type?.isEqual(wanted) ?? false }
        if isType(kCFProxyTypeNone) { return ["direct"] }
        // The type is the scheme of the URL, not of the proxy: in both cases the proxy is an HTTP proxy.
        if isType(kCFProxyTypeHTTP) || isType(kCFProxyTypeHTTPS) { return proxy("http", entry) }
        if isType(kCFProxyTypeSOCKS) { return proxy("socks5", entry) }
        if isType(kCFProxyTypeAutoConfigurationURL) {
            guard let script = entry[kCFProxyAutoConfigurationURLKey] as? URL else { return [] }
            return try evaluate { callback, context in
                CFNetworkExecuteProxyAutoConfigurationURL(script as CFURL, url as CFURL, callback, &context).takeRetainedValue()
            }
            .flatMap { try urls(of: $0, for: url) }
        }
        if isType(kCFProxyTypeAutoConfigurationJavaScript) {
            guard let script = entry[kCFProxyAutoConfigurationJavaScriptKey] as? String else { return [] }
            return try evaluate { callback, context in
                CFNetworkExecuteProxyAutoConfigurationScript(script as CFString, url as CFURL, callback, &context)
                    .takeRetainedValue()
            }
            .flatMap { try urls(of: $0, for: url) }
        }
        return []
    }

    private static func proxy(_ scheme: String, _ entry: [CFString: Any]) -> [String] {
        guard let host = entry[kCFProxyHostNameKey] as? String, let port = entry[kCFProxyPortNumberKey] as? Int else {
            return []
        }
        let address = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        return ["\(scheme)://\(address):\(port)"]
    }

    private final class Evaluation {
        var proxies: [[CFString: Any]]?
        var error: (any Error)?
    }

    /// Runs a PAC script to its end, in the run loop of this thread, with the time limit of a proxy.
    private static func evaluate(
        _ begin: (@escaping CFProxyAutoConfigurationResultCallback, inout CFStreamClientContext) -> CFRunLoopSource
    ) throws -> [[CFString: Any]] {
        let evaluation = Evaluation()
        var context = CFStreamClientContext(
            version: 0, info: Unmanaged.passUnretained(evaluation).toOpaque(), retain: nil, release: nil,
            copyDescription: nil)
        let source = begin(
            { info, proxies, error in
                let evaluation = Unmanaged<Evaluation>.fromOpaque(info).takeUnretainedValue()
                evaluation.proxies = proxies as? [[CFString: Any]] ?? []
                evaluation.error = error
                CFRunLoopStop(CFRunLoopGetCurrent())
            }, &context)
        let mode = CFRunLoopMode("org.egret.websocket.pac" as CFString)
        CFRunLoopAddSource(CFRunLoopGetCurrent(), source, mode)
        let deadline = Date() + 30
        while evaluation.proxies == nil, Date() < deadline {
            CFRunLoopRunInMode(mode, deadline.timeIntervalSinceNow, true)
        }
        CFRunLoopSourceInvalidate(source)
        if let error = evaluation.error { throw error }
        guard let proxies = evaluation.proxies else {
            throw EgretWS.Error(.timeout, "the script for proxies did not end within 30 seconds")
        }
        return proxies
    }
}
#endif
