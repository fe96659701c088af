// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
@testable import EgretWebSocket
import Foundation
import XCTest

/// The queue of unread events, without a socket.
final class InboxTests: XCTestCase {
    private let loss: EgretWS.Event = "".withCString { text in
        var info = egret_ws_close_info()
        info.error = EGRET_WS_ERR_CONNECTION_LOST
        (info.reason, info.message) = (text, text)
        return .retrying(after: EgretWS.CloseInfo(info), attempt: 1, delay: .seconds(1))
    }
    private func message(_ bytes: Int) -> EgretWS.Event { .message(.data(Data(count: bytes))) }

    func testTheLimitPausesAndHalfOfItResumes() {
        var inbox = Inbox(limit: 10_000)
        XCTAssertFalse(inbox.put(message(4000)))
        XCTAssertNil(inbox.beginChange())
        XCTAssertTrue(inbox.put(message(8000)))
        XCTAssertEqual(inbox.beginChange(), true)
        // Another thread detects that a change is already in progress.
        XCTAssertNil(inbox.beginChange())
        XCTAssertNil(inbox.endChange())
        XCTAssertEqual(inbox.take()?.mayChange, false)
        XCTAssertEqual(inbox.take()?.mayChange, true)
        XCTAssertEqual(inbox.beginChange(), false)
        XCTAssertNil(inbox.take()?.event)
        // While C resumes, the limit is reached again: the same thread pauses again.
        _ = inbox.put(message(10_000))
        XCTAssertNil(inbox.beginChange())
        XCTAssertEqual(inbox.endChange(), true)
        XCTAssertNil(inbox.endChange())
    }

    func testAnInboxThatClosesDropsWhatIsBeyondTheLimit() {
        var inbox = Inbox(limit: 1000)
        XCTAssertTrue(inbox.put(message(1000)))
        XCTAssertEqual(inbox.beginChange(), true)
        XCTAssertNil(inbox.endChange())
        XCTAssertTrue(inbox.close())
        XCTAssertEqual(inbox.beginChange(), false)
        XCTAssertNil(inbox.endChange())
        XCTAssertFalse(inbox.put(message(1)))
        XCTAssertNotNil(inbox.take())
        XCTAssertNil(inbox.take())
    }

    /// A socket reconnects without end, and nobody reads it.
    func testLossesThatNobodyReadsAreBounded() {
        var inbox = Inbox(limit: 10_000)
        for round in 0..<10_000 {
            _ = inbox.put(loss)
            if round % 2 == 0 { _ = inbox.put(.connected) }
        }
        var events = 0, last: EgretWS.Event?
        while let taken = inbox.take() {
            events += 1
            last = taken.event
        }
        XCTAssertLessThan(events, 200)
        guard case .retrying? = last else { return XCTFail("the last loss is missing") }
    }
}
