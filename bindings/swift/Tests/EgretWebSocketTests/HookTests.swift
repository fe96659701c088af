// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// Hooks, which run on threads of the library.
final class HookTests: XCTestCase {
    private struct Failed: Error {}

    /// The URL of the echo server with a name that only a hook can find.
    private let namedURL = echoURL.replacingOccurrences(of: "127.0.0.1", with: "game.example")

    private func loop(_ flags: EgretWS.LoopOptions.Flags, _ hooks: EgretWS.Hooks) throws -> EgretWS.Loop {
        var options = EgretWS.LoopOptions()
        options.flags = flags
        options.hooks = hooks
        return try EgretWS.Loop(options)
    }

    /// Connects with both drivers, and returns the ends. A connection that is open is closed.
    private func ends(_ hooks: EgretWS.Hooks, _ url: String) throws -> [EgretWS.CloseInfo] {
        try [EgretWS.LoopOptions.Flags(), .inline].map { flags in
            let loop = try loop(flags, hooks)
            var closed: EgretWS.CloseInfo?
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { socket in assertOK { try socket.beginClose() } }
            on.onClose = { closed = $1 }
            let socket = try loop.beginConnect(url, callbacks: on)
            try poll(loop) { closed != nil }
            return try withExtendedLifetime(socket) { try XCTUnwrap(closed) }
        }
    }

    func testAHookFindsAddressesAtOnceOrLater() throws {
        let hosts = Locked<[String]>([])
        for isLater in [false, true] {
            var hooks = EgretWS.Hooks()
            hooks.onResolve = { query in
                hosts.update { $0.append(query.host) }
                if isLater {
                    Thread.detachNewThread { assertOK { try query.answer(["127.0.0.1"]) } }
                } else {
                    try query.answer(["127.0.0.1"])
                }
            }
            for end in try ends(hooks, namedURL) { XCTAssertNil(end.error, end.message) }
        }
        XCTAssertEqual(hosts.value, Array(repeating: "game.example", count: 4))
    }

    func testAQuestionIsAnsweredOnce() throws {
        let codes = Locked<[EgretWS.Error.Code]>([])
        var hooks = EgretWS.Hooks()
        hooks.onResolve = { query in
            for addresses in [["no address"], ["127.0.0.1"], ["127.0.0.1"]] {
                do { try query.answer(addresses) } catch let error as EgretWS.Error {
                    codes.update { $0.append(error.code) }
                }
            }
        }
        for end in try ends(hooks, namedURL) { XCTAssertNil(end.error, end.message) }
        XCTAssertEqual(codes.value, [.invalidArgument, .badHandle, .invalidArgument, .badHandle])
    }

    func testAFailedLookupEndsTheAttempt() throws {
        let errors = Locked(0)
        var failing = EgretWS.Hooks(), empty = EgretWS.Hooks(), silent = EgretWS.Hooks()
        failing.onResolve = { _ in throw Failed() }
        failing.onError = { _ in errors.update { $0 += 1 } }
        empty.onResolve = { try $0.answer([]) }
        silent.onResolve = { _ in }
        for hooks in [failing, empty, silent] {
            for end in try ends(hooks, namedURL) { XCTAssertEqual(end.error, .resolve, end.message) }
        }
        XCTAssertEqual(errors.value, 2)
    }

    func testAHookLeavesANameToTheSystem() throws {
        var hooks = EgretWS.Hooks()
        hooks.onResolve = { try $0.askSystem() }
        for end in try ends(hooks, "ws://nowhere.invalid/") { XCTAssertEqual(end.error, .resolve, end.message) }
    }

    func testAHookFindsProxies() throws {
        let urls = Locked<[String]>([])
        var working = EgretWS.Hooks(), failing = EgretWS.Hooks()
        working.onProxy = { query in
            urls.update { $0.append(query.url) }
            try query.answer(["http://127.0.0.1:1", "direct"])
        }
        for end in try ends(working, echoURL) { XCTAssertNil(end.error, end.message) }
        XCTAssertEqual(urls.value, [echoURL, echoURL])
        failing.onProxy = { _ in throw Failed() }
        for end in try ends(failing, echoURL) { XCTAssertEqual(end.error, .proxy, end.message) }
    }

    func testAHookSeesEachDescriptorAndMayRefuseIt() throws {
        let descriptors = Locked<[Int]>([])
        var hooks = EgretWS.Hooks(), refusing = EgretWS.Hooks()
        hooks.onSocket = { descriptor in descriptors.update { $0.append(descriptor) } }
        for end in try ends(hooks, echoURL) { XCTAssertNil(end.error, end.message) }
        XCTAssertEqual(descriptors.value.count, 2)
        XCTAssert(descriptors.value.allSatisfy { $0 > 2 })
        refusing.onSocket = { _ in throw Failed() }
        for end in try ends(refusing, echoURL) { XCTAssertEqual(end.error, .connect, end.message) }
    }

    func testHooksAreReleasedWithTheLoop() throws {
        let counter = Counter()
        do {
            var hooks = EgretWS.Hooks()
            let token = Token(counter)
            hooks.onResolve = { query in
                try withExtendedLifetime(token) { try query.answer(["127.0.0.1"]) }
            }
            _ = try ends(hooks, namedURL)
            hooks.maxThreads = 65
            assertThrows(.invalidArgument) { _ = try loop([], hooks) }
        }
        // A hook that has just returned may be releasing them.
        let deadline = Date() + 60
        while counter.value > 0, Date() < deadline { Thread.sleep(forTimeInterval: 0.001) }
        XCTAssertEqual(counter.value, 0)
    }

    func testDetailsOfAConnection() throws {
        try onBothDrivers { loop in
            let url = try XCTUnwrap(URL(string: echoURL))
            var options = EgretWS.SocketOptions()
            options.addresses = ["127.0.0.1"]
            var frames: [EgretWS.Frame] = [], isClosed = false
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { socket in assertOK { try socket.trySend("hello") } }
            on.onMessage = { socket, _ in assertOK { try socket.beginClose() } }
            on.onFrame = { frames.append($1) }
            on.onClose = { _, _ in isClosed = true }
            let socket = try loop.beginConnect(namedURL, options: options, callbacks: on)
            try poll(loop) { isClosed }
            XCTAssertEqual(try socket.triedAddresses, ["127.0.0.1:\(url.port ?? 0) connected"])
            XCTAssert(try socket.localAddress.hasPrefix("127.0.0.1:"))
            XCTAssertEqual(try socket.statistics.addressesTried, 1)
            XCTAssertEqual(try [socket.proxy, socket.tlsCipher, socket.tlsAlpn], ["", "", ""])
            XCTAssertEqual(try socket.peerCertificates, [])
            XCTAssertEqual(try socket.responseCookies, [])
            XCTAssertEqual(frames.map(\.opcode), [1, 1, 8, 8])
            XCTAssertEqual(frames.map(\.direction), [.sent, .received, .sent, .received])
            XCTAssertEqual(frames.map(\.length), [5, 5, 2, 2])
            XCTAssert(frames.allSatisfy { $0.isFinal && !$0.isCompressed })
        }
    }

    func testTheBodyAndTheCookiesOfARefusal() throws {
        try onBothDrivers { loop in
            let head = "HTTP/1.1 503 Busy\r\nSet-Cookie: a=b; Path=/\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n"
            let relay = try Relay([.refuseWithBody(head)])
            var isClosed = false
            var on = EgretWS.SocketCallbacks()
            on.onClose = { _, _ in isClosed = true }
            let socket = try loop.beginConnect(relay.url, callbacks: on)
            try poll(loop) { isClosed }
            XCTAssertEqual(try socket.responseBody, Data("busy".utf8))
            XCTAssertEqual(try socket.responseCookies.map { [$0.url, $0.value] }, [[relay.url, "a=b; Path=/"]])
        }
    }

    func testARequestChangesTheAddresses() throws {
        try onBothDrivers { loop in
            var closed: EgretWS.CloseInfo?
            var on = EgretWS.SocketCallbacks()
            on.onRequest = { _, request in
                request.setAddresses(["127.0.0.1"])
                return .continue
            }
            on.onConnect = { socket in assertOK { try socket.beginClose() } }
            on.onClose = { closed = $1 }
            let socket = try loop.beginConnect(namedURL, callbacks: on)
            try poll(loop) { closed != nil }
            XCTAssertNil(closed?.error)
            XCTAssertEqual(socket.state, .closed)
        }
    }
}
