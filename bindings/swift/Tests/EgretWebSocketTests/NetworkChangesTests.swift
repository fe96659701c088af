// SPDX-License-Identifier: MIT OR Apache-2.0
import XCTest

@testable import EgretWebSocket

/// Tests which reports of the system count as a change of the network.
final class NetworkChangesTests: XCTestCase {
    /// Reports each network; nil means none. `rest` lets the scheduled checks run. Returns the number of changes.
    private func changes(after steps: [Step]) -> Int {
        let scheduled = Locked<[@Sendable () -> Void]>([]), count = Locked(0)
        let changes = NetworkChanges(
            schedule: { check in scheduled.update { $0.append(check) } },
            changed: { count.update { $0 += 1 } })
        for step in steps {
            switch step {
            case .network(let name): changes.report(name)
            case .lost: changes.report(nil)
            case .rest:
                let checks = scheduled.value
                scheduled.update { $0 = [] }
                checks.forEach { $0() }
            }
        }
        return count.value
    }

    private enum Step {
        case network(String), lost, rest
    }

    func testOnlyAnotherNetworkIsAChange() {
        let wifi = Step.network("en0 wifi"), cell = Step.network("pdp_ip0 cellular")
        for (expected, steps) in [
            (0, []),
            (0, [wifi, .rest]),
            (0, [.lost, .rest, wifi, .rest]),
            (0, [wifi, .rest, wifi, .rest, wifi, .rest]),
            (1, [wifi, .rest, cell, .rest]),
            (2, [wifi, .rest, cell, .rest, wifi, .rest]),
            // The network is lost for a moment.
            (0, [wifi, .rest, .lost, .rest, wifi, .rest]),
            (1, [wifi, .rest, .lost, .rest, cell, .rest]),
            // Several reports within a short time count as one.
            (1, [wifi, .rest, .lost, cell, wifi, cell, .rest]),
            (0, [wifi, .rest, cell, wifi, .rest]),
            (0, [wifi, cell, .rest]),
            (0, [wifi, .rest, cell]),
        ] as [(Int, [Step])] {
            XCTAssertEqual(changes(after: steps), expected, "\(steps)")
        }
    }
}
