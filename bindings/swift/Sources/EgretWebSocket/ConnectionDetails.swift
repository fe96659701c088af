// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

extension EgretWS {
    /// A frame that was sent or received, for `onFrame`.
    public struct Frame: Sendable, Hashable {
        public enum Direction: Sendable, Hashable {
            case sent
            case received
            /// Sent frames were not recorded, because the receive queue was full. `length` is their number.
            case lost
        }

        public let direction: Direction
        /// The opcode, 0 to 15 (RFC 6455 section 5.2).
        public let opcode: Int
        /// Whether it is the last frame of its message.
        public let isFinal: Bool
        /// Whether its message is compressed.
        public let isCompressed: Bool
        /// The length of the payload on the wire.
        public let length: UInt64

        init(direction: Int32, opcode: UInt32, flags: UInt32, length: UInt64) {
            switch direction {
            case EGRET_WS_FRAME_SENT: self.direction = .sent
            case EGRET_WS_FRAME_LOST: self.direction = .lost
            default:
                assert(direction == EGRET_WS_FRAME_RECEIVED)
                self.direction = .received
            }
            self.opcode = Int(opcode)
            isFinal = flags & UInt32(EGRET_WS_FRAME_FIN) != 0
            isCompressed = flags & UInt32(EGRET_WS_FRAME_COMPRESSED) != 0
            self.length = length
        }
    }

    /// A cookie that a server has set.
    public struct Cookie: Sendable, Hashable {
        /// The URL of the request.
        public let url: String
        /// The value of the `Set-Cookie` header.
        public let value: String
    }
}

/// Details of how a connection was made. They are available from `onConnect` on, and in `onRetry` and `onClose`.
extension EgretWS.Socket {
    /// The local address of the connection.
    public var localAddress: String {
        get throws(EgretWS.Error) { try text { egret_ws_local_address(c, $0, $1) } }
    }

    /// The addresses that were tried, each with its result, such as `192.0.2.1:443 Connection refused`.
    public var triedAddresses: [String] {
        get throws(EgretWS.Error) { try lines { egret_ws_tried_addresses(c, $0, $1) } }
    }

    /// The URL of the proxy, without a user name and password; empty if there is none.
    public var proxy: String {
        get throws(EgretWS.Error) { try text { egret_ws_proxy(c, $0, $1) } }
    }

    /// The cipher suite of TLS; empty without TLS, and on Apple's systems.
    public var tlsCipher: String {
        get throws(EgretWS.Error) { try text { egret_ws_tls_cipher(c, $0, $1) } }
    }

    /// The protocol that the server selected by ALPN; empty if it selected none.
    public var tlsAlpn: String {
        get throws(EgretWS.Error) { try text { egret_ws_tls_alpn(c, $0, $1) } }
    }

    /// The certificates that the server sent, in DER, its own one first, even if they were not trusted. On Apple's systems it
    /// contains only the first one, and only after a successful handshake.
    public var peerCertificates: [Data] {
        get throws(EgretWS.Error) {
            var certificates: [Data] = []
            do {
                while true {
                    let index = UInt32(certificates.count)
                    certificates.append(try data(spare: 0) { egret_ws_peer_certificate(c, index, $0, $1) })
                }
            } catch {
                if error.code == .notFound { return certificates }
                throw error
            }
        }
    }

    /// The body of a refusal: its first `maxRefusalBodyBytes`.
    public var responseBody: Data {
        get throws(EgretWS.Error) {
            // C adds a NUL at the end.
            try data(spare: 1) { bytes, count in
                guard let bytes else { return egret_ws_response_body(c, nil, 0) }
                return bytes.withMemoryRebound(to: CChar.self, capacity: count) { egret_ws_response_body(c, $0, count) }
            }
        }
    }

    /// The cookies that the servers of this attempt have set, including those of redirects and refusals.
    public var responseCookies: [EgretWS.Cookie] {
        get throws(EgretWS.Error) {
            try lines { egret_ws_response_cookies(c, $0, $1) }.map { line in
                let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
                return .init(url: String(parts[0]), value: parts.count > 1 ? String(parts[1]) : "")
            }
        }
    }
}

/// Returns the lines of a text that C writes.
private func lines(_ write: (UnsafeMutablePointer<CChar>?, Int) -> Int32) throws(EgretWS.Error) -> [String] {
    try text(write).split(separator: "\n").map(String.init)
}

/// Returns the bytes that C writes. `spare` is the number of additional bytes that C needs.
private func data(
    spare: Int, _ write: (UnsafeMutablePointer<UInt8>?, Int) -> Int32
) throws(EgretWS.Error) -> Data {
    while true {
        let count = Int(try checked(write(nil, 0)))
        var buffer = [UInt8](repeating: 0, count: count + spare)
        let written = buffer.withUnsafeMutableBufferPointer { write($0.baseAddress, $0.count) }
        // The data has become longer since the first call.
        if written == EGRET_WS_ERR_INVALID_ARGUMENT { continue }
        return Data(buffer.prefix(Int(try checked(written))))
    }
}
