// SPDX-License-Identifier: MIT OR Apache-2.0
@testable import EgretWebSocket
import Foundation
import XCTest

/// Errors, and the checks of numbers and lists before they become C's.
final class ErrorTests: XCTestCase {
    func testErrorsAreLocalized() async throws {
        // Refused by the library, with its reason.
        let loop = try EgretWS.Loop()
        var error: any Error = EgretWS.Error.loopFreed
        XCTAssertThrowsError(try loop.beginConnect("nonsense", callbacks: .init())) { error = $0 }
        let refused = try XCTUnwrap(error as? EgretWS.Error)
        XCTAssertEqual(refused.code, .invalidURL)
        XCTAssertGreaterThan(refused.message.count, 10)
        XCTAssertEqual(error.localizedDescription, refused.message)
        XCTAssertEqual("\(error)", "EGRET_WS_ERR_INVALID_URL: \(refused.message)")
        let ns = error as NSError
        XCTAssertEqual(ns.domain, "EgretWS")
        XCTAssertEqual(ns.code, Int(refused.code.rawValue))
        XCTAssertEqual(ns.localizedDescription, refused.message)
        // The end of a connection.
        do throws(EgretWS.Error) {
            _ = try await EgretWS.Service.shared.connect(closedURL)
            XCTFail("connected")
        } catch {
            XCTAssertEqual(error.localizedDescription, error.closeInfo?.message)
            XCTAssertEqual(error.closeInfo?.isRetryable, true)
        }
    }

    /// The message belongs to this refusal, and not to an earlier one.
    func testTheLibrarySaysWhy() throws {
        let loop = try EgretWS.Loop()
        let socket = try loop.beginConnect(echoURL)
        var messages: [String] = []
        for misuse: () throws -> Void in [
            { try socket.trySend("too early") }, { try socket.beginClose(code: 1006) },
            { _ = try loop.beginConnect("http://127.0.0.1/#x") },
        ] {
            XCTAssertThrowsError(try misuse()) { messages.append($0.localizedDescription) }
        }
        XCTAssertEqual(Set(messages).count, 3, "\(messages)")
        XCTAssertFalse(messages.contains(""), "\(messages)")
    }

    func testACleanEndHasNoError() async throws {
        let socket = try await EgretWS.Service.shared.connect(echoURL)
        XCTAssertNil(socket.closeInfo)
        let info = try await socket.close()
        XCTAssertNil(info.error)
        XCTAssertTrue(info.wasClean)
        XCTAssertEqual(socket.closeInfo?.code, 1000)
        XCTAssertEqual(socket.closeInfo?.message, info.message)
    }

    /// These compile only if async functions and sequences throw no other type.
    func testAsyncErrorsAreTyped() async {
        do throws(EgretWS.Error) {
            let socket = try await EgretWS.Service.shared.connect(closedURL)
            try await socket.opened()
            try await socket.send("x")
            for try await _ in socket.messages {}
            for try await _ in socket.events {}
            _ = try await socket.closed()
            _ = try await socket.close()
            XCTFail("connected")
        } catch {
            XCTAssertEqual(error.code, .connect)
        }
    }

    /// For each refused value there is an error that names the field.
    func testNumbersAreChecked() throws {
        let loop = try EgretWS.Loop()
        let cases: [(String, (inout EgretWS.SocketOptions) -> Void)] = [
            ("connectTimeout", { $0.connectTimeout = .milliseconds(-5) }),
            ("closeTimeout", { $0.closeTimeout = .milliseconds(Int.max) }),
            ("openTimeout", { $0.openTimeout = .milliseconds(Int(Int32.max) + 1) }),
            ("pingInterval", { $0.pingInterval = .seconds(.nan) }),
            ("pongTimeout", { $0.pongTimeout = .seconds(-.infinity) }),
            ("flushTimeout", { $0.flushTimeout = .minutes(1e9) }),
            ("minWait", { $0.retry.minWait = .seconds(-0.001) }),
            ("maxMessageBytes", { $0.maxMessageBytes = -1 }),
            ("maxRedirects", { $0.maxRedirects = Int(UInt32.max) }),
            ("level", { $0.deflate.level = -1 }),
            ("retryAttempts", { $0.retryAttempts = -1 }),
            ("thresholdBytes", { $0.deflate.thresholdBytes = .init(Int.min) }),
            ("subprotocols", { $0.subprotocols = ["a,b"] }),
            ("subprotocols", { $0.subprotocols = ["a", ""] }),
            ("tlsPins", { $0.tlsPins = ["sha256/\0"] }),
            ("origin", { $0.origin = "a\0b" }),
            ("headers", { $0.headers = [.init("a\0b", "c")] }),
            ("X-Name", { $0.headers = [.init("X-Name", "a\0b")] }),
            ("maxUnreadBytes", { $0.maxUnreadBytes = -1 }),
        ]
        for (field, set) in cases {
            var options = EgretWS.SocketOptions()
            set(&options)
            XCTAssertThrowsError(try loop.beginConnect(echoURL, options: options), field) {
                XCTAssertEqual(($0 as? EgretWS.Error)?.code, .invalidArgument, field)
                XCTAssertTrue($0.localizedDescription.contains(field), $0.localizedDescription)
            }
        }
        var options = EgretWS.LoopOptions()
        options.pollMaxCallbacks = -1
        assertThrows(.invalidArgument) { _ = try EgretWS.Loop(options) }
        options = .init()
        options.linger = .milliseconds(-1)
        assertThrows(.invalidArgument) { _ = try EgretWS.Loop(options) }
        assertThrows(.invalidArgument) { _ = try loop.poll(timeout: .milliseconds(-1)) }
        for port in [-1, 0, 65536] {
            assertThrows(.invalidArgument) { _ = try loop.beginConnect(host: "127.0.0.1", port: port, callbacks: .init()) }
        }
    }

    func testTimeouts() throws {
        XCTAssertEqual(try EgretWS.Timeout.default.c("x"), 0)
        XCTAssertEqual(try EgretWS.Timeout.milliseconds(250).c("x"), 250)
        XCTAssertEqual(try EgretWS.Timeout.seconds(1.5).c("x"), 1500)
        XCTAssertEqual(try EgretWS.Timeout.minutes(2).c("x"), 120_000)
        XCTAssertEqual(try EgretWS.Timeout(.microseconds(1)).c("x"), 1, "a short time is not the default")
        XCTAssertEqual(try EgretWS.Timeout(.seconds(3)).c("x"), 3000)
        XCTAssertEqual(try EgretWS.Timeout.milliseconds(Int(Int32.max)).c("x"), UInt32(Int32.max))
        XCTAssertEqual(try EgretWS.Timeout.unlimited.c("x"), 0xFFFF_FFFF)
        XCTAssertEqual(try EgretWS.Timeout.atOnce.c("x"), 0xFFFF_FFFE)
        XCTAssertEqual(EgretWS.Timeout.milliseconds(0), .atOnce)
        XCTAssertEqual(EgretWS.Timeout(.zero), .atOnce)
        XCTAssertEqual(EgretWS.Timeout.seconds(0.25).milliseconds, 250)
        XCTAssertEqual(EgretWS.Timeout.atOnce.milliseconds, 0)
        XCTAssertNil(EgretWS.Timeout.unlimited.milliseconds)
        XCTAssertNil(EgretWS.Timeout.default.milliseconds)
        XCTAssertEqual(try EgretWS.Limit.unlimited.c("x"), 0xFFFF_FFFF)
        XCTAssertEqual(try EgretWS.Limit.atOnce.c("x"), 0xFFFF_FFFE)
        XCTAssertEqual(try EgretWS.Limit(7).c("x"), 7)
        XCTAssertEqual(try EgretWS.Limit.default.c("x"), 0)
        let texts: [(EgretWS.Timeout, String)] = [
            (.milliseconds(-5), "-5 ms"), (.seconds(0.0005), "0.5 ms"), (.default, "default"), (.atOnce, "at once"),
            (.unlimited, "unlimited"), (.seconds(.infinity), "inf ms"),
        ]
        for (timeout, text) in texts { XCTAssertEqual(timeout.description, text) }
        // If an option does not allow a constant, the library refuses it and names the field.
        var options = EgretWS.SocketOptions()
        options.pingInterval = .atOnce
        XCTAssertThrowsError(try EgretWS.Loop().beginConnect(echoURL, options: options)) {
            XCTAssertTrue($0.localizedDescription.contains("ping_interval_ms"), $0.localizedDescription)
        }
    }

    func testURLs() async throws {
        let url = try XCTUnwrap(URL(string: echoURL))
        let socket = try await EgretWS.Service.shared.connect(url)
        XCTAssertEqual(socket.state, .open)
        let begun = try EgretWS.Service.shared.beginConnect(url)
        try await begun.opened()
    }

    /// Creates loops until the process has no descriptor left, then a value that is kept.
    func testAFailureToMakeTheSharedServiceIsNotKept() throws {
        var limit = rlimit()
        XCTAssertEqual(getrlimit(noFile, &limit), 0)
        let before = limit
        let shared = MadeOnce<EgretWS.Service>()
        func get() throws(EgretWS.Error) -> EgretWS.Service {
            try shared.get { () throws(EgretWS.Error) in try EgretWS.Service() }
        }
        limit.rlim_cur = 3
        XCTAssertEqual(setrlimit(noFile, &limit), 0)
        assertThrows(.noResources) { _ = try get() }
        limit = before
        XCTAssertEqual(setrlimit(noFile, &limit), 0)
        let first = try get()
        XCTAssertTrue(try get() === first)
    }

    func testSharedIsAlwaysTheSame() throws {
        XCTAssertTrue(try EgretWS.Service.shared === EgretWS.Service.shared)
    }
}

#if os(Linux)
private let noFile = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
#else
private let noFile = RLIMIT_NOFILE
#endif
