// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// The echo server that run.sh starts.
let echoURL: String = {
    guard let url = ProcessInfo.processInfo.environment["EGRET_WS_TEST_URL"] else {
        fatalError("EGRET_WS_TEST_URL is not set: run tests/swift/run.sh")
    }
    return url
}()

/// A URL of a loopback port without a listener.
let closedURL = "ws://127.0.0.1:1/"

/// Polls until `condition` is true; fails after a time that is long enough for every machine.
func poll(
    _ loop: EgretWS.Loop, until condition: () -> Bool, file: StaticString = #filePath, line: UInt = #line
) throws {
    let deadline = Date() + 60
    while !condition() {
        guard Date() < deadline else { return XCTFail("waited in vain", file: file, line: line) }
        try loop.poll(timeout: .milliseconds(100))
    }
}

/// Runs a test of the polling style with both drivers.
func onBothDrivers(_ test: (EgretWS.Loop) throws -> Void) throws {
    for flags in [EgretWS.LoopOptions.Flags(), .inline] {
        var options = EgretWS.LoopOptions()
        options.flags = flags
        try test(EgretWS.Loop(options))
    }
}

/// A value that any thread may use.
final class Locked<Value: Sendable>: @unchecked Sendable {  // `locked` is used only with `lock` held
    private let lock = NSLock()
    private var locked: Value
    init(_ value: Value) { locked = value }
    func update(_ change: (inout Value) -> Void) { lock.withLock { change(&locked) } }
    var value: Value { lock.withLock { locked } }
}

/// Counts the live objects of this class.
typealias Counter = Locked<Int>
extension Locked<Int> {
    convenience init() { self.init(0) }
    func add(_ number: Int) { update { $0 += number } }
}

/// An object for closures to capture, which counts itself.
final class Token: Sendable {
    private let counter: Counter
    init(_ counter: Counter) {
        self.counter = counter
        counter.add(1)
    }
    deinit { counter.add(-1) }
}

/// Asserts that the body throws nothing. (In Swift 6.0, XCTAssertNoThrow is no alternative: if the error has a type, its
/// autoclosure makes the surrounding closure a throwing one.)
func assertOK(file: StaticString = #filePath, line: UInt = #line, _ body: () throws -> Void) {
    do { try body() } catch { XCTFail("\(error)", file: file, line: line) }
}

/// Asserts that the body throws this code.
func assertThrows(
    _ code: EgretWS.Error.Code, file: StaticString = #filePath, line: UInt = #line, _ body: () throws -> Void
) {
    XCTAssertThrowsError(try body(), file: file, line: line) {
        XCTAssertEqual(($0 as? EgretWS.Error)?.code, code, "\($0)", file: file, line: line)
    }
}
func assertThrows(
    _ code: EgretWS.Error.Code, file: StaticString = #filePath, line: UInt = #line, _ body: () async throws -> Void
) async {
    do {
        try await body()
        XCTFail("nothing was thrown", file: file, line: line)
    } catch {
        XCTAssertEqual((error as? EgretWS.Error)?.code, code, "\(error)", file: file, line: line)
    }
}
