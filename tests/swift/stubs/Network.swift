// A stub of the parts of Apple's Network framework that NetworkMonitor.swift uses, to compile that file on Linux (see tests.sh).
import Foundation

public struct NWInterface: Sendable {
    public enum InterfaceType: Sendable { case wifi, cellular, wiredEthernet, loopback, other }
    public let name: String
    public let type: InterfaceType
}
public struct NWEndpoint: Sendable {}
public struct NWPath: Sendable {
    public enum Status: Sendable { case satisfied, unsatisfied, requiresConnection }
    public let status: Status
    public let availableInterfaces: [NWInterface]
    public let gateways: [NWEndpoint]
}
public final class NWPathMonitor: @unchecked Sendable {
    public init() {}
    public var pathUpdateHandler: (@Sendable (_ newPath: NWPath) -> Void)?
    public func start(queue: DispatchQueue) {}
    public func cancel() {}
}
