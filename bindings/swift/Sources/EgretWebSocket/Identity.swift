// SPDX-License-Identifier: MIT OR Apache-2.0
#if canImport(Security) && os(macOS)
import Foundation
import Security

extension EgretWS.SocketOptions {
    /// Sets `tlsIdentity` and `tlsIdentityPassword` to a copy of an identity of the keychain. The system may ask the user. Throws
    /// `tlsOptions` if the key cannot be exported.
    ///
    /// This exists only on macOS, because iOS cannot export an identity. On iOS, set the two options to the PKCS#12 file and the
    /// password that you would pass to `SecPKCS12Import`.
    public mutating func setTLSIdentity(_ identity: SecIdentity) throws(EgretWS.Error) {
        let password = NSString(string: UUID().uuidString)
        var parameters = SecItemImportExportKeyParameters()
        parameters.version = UInt32(SEC_KEY_IMPORT_EXPORT_PARAMS_VERSION)
        parameters.passphrase = Unmanaged<CFTypeRef>.passUnretained(password)
        var exported: CFData?
        let status = withExtendedLifetime(password) {
            SecItemExport(identity, .formatPKCS12, [], &parameters, &exported)
        }
        guard status == errSecSuccess, let exported else {
            throw EgretWS.Error(.tlsOptions, "the identity cannot be exported: OSStatus \(status)")
        }
        tlsIdentity = Data(referencing: exported as NSData)
        tlsIdentityPassword = password as String
    }
}
#endif
