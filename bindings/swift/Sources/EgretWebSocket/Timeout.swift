// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

extension EgretWS {
    /// A length of time for an option: a number, or one of three constants. A number is checked when the option is used.
    ///
    /// `Duration` needs iOS 16 or macOS 13. `Timeout` works on all systems of the package, and can be created from a `Duration`.
    public struct Timeout: Sendable, Hashable, CustomStringConvertible {
        private enum Value: Hashable {
            case standard, atOnce, unlimited
            case milliseconds(Double)
        }
        private let value: Value

        /// The library's default for this option.
        public static let `default` = Self(value: .standard)
        /// No wait, like a time of 0. Options that do not allow it report an error.
        public static let atOnce = Self(value: .atOnce)
        /// No limit, or never. Options that do not allow it report an error.
        public static let unlimited = Self(value: .unlimited)

        public static func milliseconds(_ number: Int) -> Self { Self(value: .milliseconds(Double(number))) }
        public static func seconds(_ number: Double) -> Self { Self(value: .milliseconds(number * 1000)) }
        public static func minutes(_ number: Double) -> Self { .seconds(number * 60) }

        private init(value: Value) { self.value = value == .milliseconds(0) ? .atOnce : value }

        @available(macOS 13, iOS 16, tvOS 16, watchOS 9, *)
        public init(_ duration: Duration) {
            let (seconds, attoseconds) = duration.components
            self.init(value: .milliseconds(Double(seconds) * 1000 + Double(attoseconds) / 1e15))
        }

        /// Converts a number of C: a time in milliseconds, or the largest number if there is no limit.
        init(c number: UInt32) {
            self.init(value: number > UInt32(Int32.max) ? .unlimited : .milliseconds(Double(number)))
        }

        /// The time, rounded up; 0 for `atOnce`; nil for `unlimited` and `default`.
        public var milliseconds: Int? {
            switch value {
            case .standard, .unlimited: nil
            case .atOnce: 0
            case .milliseconds(let number): Int(exactly: number.rounded(.up))
            }
        }

        public var description: String {
            switch value {
            case .standard: "default"
            case .atOnce: "at once"
            case .unlimited: "unlimited"
            case .milliseconds(let number):
                number == number.rounded() && abs(number) < 1e15 ? "\(Int(number)) ms" : "\(number) ms"
            }
        }

        /// Returns the number for a field of C's options.
        func c(_ field: String) throws(Error) -> UInt32 {
            switch value {
            case .standard: 0
            case .atOnce: UInt32(EGRET_WS_AT_ONCE)
            case .unlimited: UInt32(EGRET_WS_UNLIMITED)
            case .milliseconds: UInt32(try number(field))
            }
        }

        /// Returns the number for `egret_ws_loop_poll`.
        func forPoll() throws(Error) -> Int32 {
            switch value {
            case .standard, .atOnce: 0
            case .unlimited: -1
            case .milliseconds: try number("timeout")
            }
        }

        private func number(_ field: String) throws(Error) -> Int32 {
            // Rounded up, so that a short time does not become 0. (NaN is also refused.)
            guard case .milliseconds(let number) = value, number > 0, number <= Double(Int32.max) else {
                throw Error(.invalidArgument, "\(field) is \(self): it must be 0 to \(Int32.max) ms, or .unlimited")
            }
            return Int32(number.rounded(.up))
        }
    }

    /// A count for an option: a number, where 0 is the library's default, or one of the constants. It is checked when the option is
    /// used.
    public struct Limit: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
        private enum Value: Hashable {
            case number(Int)
            case atOnce, unlimited
        }
        private let value: Value

        /// The library's default for this option.
        public static let `default` = Self(0)
        /// From the beginning, without a minimum. An option that does not allow it refuses it.
        public static let atOnce = Self(value: .atOnce)
        /// No limit, or never. Options that do not allow it report an error.
        public static let unlimited = Self(value: .unlimited)

        private init(value: Value) { self.value = value }
        public init(_ number: Int) { value = .number(number) }
        public init(integerLiteral number: Int) { self.init(number) }

        public var description: String {
            switch value {
            case .number(let number): number == 0 ? "default" : "\(number)"
            case .atOnce: "at once"
            case .unlimited: "unlimited"
            }
        }

        func c(_ field: String) throws(Error) -> UInt32 {
            switch value {
            case .number(let number): try number.c(field)
            case .atOnce: UInt32(EGRET_WS_AT_ONCE)
            case .unlimited: UInt32(EGRET_WS_UNLIMITED)
            }
        }
    }
}

extension Int {
    /// Returns the number for a field of C's options, where larger numbers have a special meaning.
    func c(_ field: String) throws(EgretWS.Error) -> UInt32 {
        guard self >= 0, self <= Int32.max else {
            throw EgretWS.Error(.invalidArgument, "\(field) is \(self): it must be 0 to \(Int32.max)")
        }
        return UInt32(self)
    }
}
