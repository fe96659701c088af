// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation
import XCTest

/// A scripted server: the echo server performs the handshake, and then this server follows the script. It serves one connection
/// for each step of the script, one after the other.
final class Relay: Sendable {
    enum Then {
        /// Sends these bytes, and closes the TCP connection after the client has sent something.
        case send([UInt8])
        case hangUp
        /// Sends the client's first message back, and then closes the TCP connection, or answers a Close frame.
        case answer(then: End)
        /// Sends the frame `count` times, and then answers a Close frame. If the client reads nothing for half a second, signals
        /// `stalled` once.
        case flood([UInt8], count: Int, stalled: DispatchSemaphore)
        /// Reads nothing until it is released.
        case hold(DispatchSemaphore)
        /// Instead of a handshake, sends this head of an answer.
        case refuse(String)
        /// Instead of a handshake, sends this answer.
        case refuseWithBody(String)

        enum End { case hangUp, close }
    }

    let url: String
    /// The heads of the received requests.
    let requests = Locked<[String]>([])
    /// The number of frames of a flood that were written.
    let flooded = Locked(0)

    init(_ connections: [Then]) throws {
        let (listener, port) = try listen()
        url = "ws://127.0.0.1:\(port)/"
        // The client may have closed the connection before the write.
        signal(SIGPIPE, SIG_IGN)
        Thread.detachNewThread { [requests, flooded] in
            for then in connections {
                let client = accept(listener, nil, nil)
                let request = head(from: client)
                requests.update { $0.append(String(decoding: request, as: UTF8.self)) }
                switch then {
                case .refuse(let answer): write(Array("\(answer)\r\nContent-Length: 0\r\n\r\n".utf8), to: client)
                case .refuseWithBody(let answer): write(Array(answer.utf8), to: client)
                default: write(handshake(request), to: client)
                }
                switch then {
                case .hangUp, .refuse, .refuseWithBody: break
                case .hold(let released): released.wait()
                case .send(let bytes):
                    write(bytes, to: client)
                    var byte: UInt8 = 0
                    _ = read(client, &byte, 1)
                case .answer(let end):
                    if let (opcode, payload) = readFrame(client) { write(frame(opcode, payload), to: client) }
                    if end == .close { answerClose(client) }
                case .flood(let bytes, let count, let stalled):
                    var hasStalled = false
                    for _ in 0..<count {
                        var writable = pollfd(fd: client, events: Int16(POLLOUT), revents: 0)
                        if !hasStalled, poll(&writable, 1, 500) == 0 {
                            hasStalled = true
                            stalled.signal()
                        }
                        write(bytes, to: client)
                        flooded.update { $0 += 1 }
                    }
                    answerClose(client)
                }
                close(client)
            }
            close(listener)
        }
    }
}

private func answerClose(_ client: Int32) {
    while let (opcode, payload) = readFrame(client) {
        if opcode == 8 { return write(frame(8, payload), to: client) }
    }
}

/// A frame of the client: short, and masked.
private func readFrame(_ client: Int32) -> (opcode: UInt8, payload: [UInt8])? {
    guard let head = readBytes(client, 2), let mask = readBytes(client, 4),
        let masked = readBytes(client, Int(head[1] & 0x7f))
    else { return nil }
    return (head[0] & 15, masked.enumerated().map { $1 ^ mask[$0 % 4] })
}

private func readBytes(_ client: Int32, _ count: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while bytes.count < count {
        if read(client, &byte, 1) != 1 { return nil }
        bytes.append(byte)
    }
    return bytes
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

/// Returns a socket that listens on a free loopback port. It does not accept connections.
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
