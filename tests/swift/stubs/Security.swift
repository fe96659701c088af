// A stub of the parts of Apple's Security framework that Identity.swift uses, to compile that file on Linux (see tests.sh).
import Foundation

public typealias CFTypeRef = AnyObject
public typealias CFData = NSData
public final class SecIdentity {}
public let errSecSuccess: Int32 = 0
public let SEC_KEY_IMPORT_EXPORT_PARAMS_VERSION: Int32 = 0
public enum SecExternalFormat { case formatPKCS12 }
public struct SecItemImportExportFlags: OptionSet {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
}
public struct SecItemImportExportKeyParameters {
    public var version: UInt32 = 0
    public var passphrase: Unmanaged<CFTypeRef>?
    public init() {}
}
public func SecItemExport(
    _ item: CFTypeRef, _ format: SecExternalFormat, _ flags: SecItemImportExportFlags,
    _ parameters: UnsafePointer<SecItemImportExportKeyParameters>?, _ exported: UnsafeMutablePointer<CFData?>
) -> Int32 { -1 }
