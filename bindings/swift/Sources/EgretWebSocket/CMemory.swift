// SPDX-License-Identifier: MIT OR Apache-2.0

/// Copies to which pointers of C structs point. They live as long as this object.
final class CMemory {
    private var blocks: [UnsafeMutableRawPointer] = []

    /// Returns a text with a NUL at its end; nil for nil. Refuses a text that contains a NUL, because C would end it there.
    func text(_ text: String?, _ field: String) throws(EgretWS.Error) -> UnsafePointer<CChar>? {
        guard let text else { return nil }
        var bytes = text.utf8.map { CChar(bitPattern: $0) }
        if bytes.contains(0) { throw EgretWS.Error(.invalidArgument, "\(field) has a NUL inside") }
        bytes.append(0)
        return array(bytes)
    }

    /// Returns a comma-separated list; nil for an empty array.
    func list(_ items: [String], _ field: String) throws(EgretWS.Error) -> UnsafePointer<CChar>? {
        if items.isEmpty { return nil }
        for item in items where item.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) || item.utf8.contains(0x2c) {
            throw EgretWS.Error(.invalidArgument, "\(field): “\(item)” is not one item: it is empty or has a comma")
        }
        return try text(items.joined(separator: ", "), field)
    }

    /// Returns a copy of the array; nil for an empty array.
    func array<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element>? {
        if elements.isEmpty { return nil }
        let copy = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
        copy.initialize(from: elements, count: elements.count)
        blocks.append(UnsafeMutableRawPointer(copy))
        return UnsafePointer(copy)
    }

    deinit { blocks.forEach { $0.deallocate() } }
}
