// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation
import XCTest

/// A scripted server: the echo server makes the handshake, and then this server sends the bytes of the script. It serves one
/// connection for each step of the script, one after the other.
final class Relay: Sendable {
    enum Then {
        /// Sends these bytes, and closes the TCP connection after the client has sent something.
        case send([UInt8])
        case hangUp
    }

    let url: String
    /// The heads of the received requests.
    let requests = Locked<[String]>([])

    init(_ connections: [Then]) throws {
        let (listener, port) = try listen()
        url = "ws://127.0.0.1:\(port)/"
        // The client may have closed the connection before the write.
        signal(SIGPIPE, SIG_IGN)
        Thread.detachNewThread { [requests] in
            for then in connections {
                let client = accept(listener, nil, nil)
                let request = head(from: client)
                requests.update { $0.append(String(decoding: request, as: UTF8.self)) }
                write(handshake(request), to: client)
                if case .send(let bytes) = then {
                    write(bytes, to: client)
                    var byte: UInt8 = 0
                    _ = read(client, &byte, 1)
                }
                close(client)
            }
            close(listener)
        }
    }
}

/// A frame of a server, without a mask: opcode 1 is text, 2 binary, 8 Close.
func frame(_ opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let length: [UInt8] =
        switch payload.count {
        case ..<126: [UInt8(payload.count)]
        case ..<65536: [126] + bigEndian(payload.count, 2)
        default: [127] + bigEndian(payload.count, 8)
        }
    return [0x80 | opcode] + length + payload
}

func bigEndian(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
}

/// A socket that listens on a free loopback port. It accepts no connection by itself.
func listen() throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = streamSocket()
    var address = loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, size) | listen(descriptor, 8) | getsockname(descriptor, $0, &size)
        }
    }
    XCTAssertEqual(status, 0)
    return (descriptor, UInt16(bigEndian: address.sin_port))
}

/// The echo server's answer to the request.
private func handshake(_ request: [UInt8]) -> [UInt8] {
    let server = streamSocket()
    defer { close(server) }
    var address = loopback(UInt16(URL(string: echoURL)!.port!))
    let status = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    XCTAssertEqual(status, 0)
    write(request, to: server)
    return head(from: server)
}

private func streamSocket() -> Int32 {
    #if os(Linux)
    socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
    socket(AF_INET, SOCK_STREAM, 0)
    #endif
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    return address
}

/// Reads up to the empty line, or to the end.
private func head(from descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8), read(descriptor, &byte, 1) == 1 { bytes.append(byte) }
    return bytes
}

private func write(_ bytes: [UInt8], to descriptor: Int32) {
    var sent = 0
    while sent < bytes.count {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + sent, $0.count - sent) }
        if count <= 0 { return }
        sent += count
    }
}
