#if canImport(Glibc)
  import Glibc
#endif

/// Asks the system to back large memory with large pages, which it then hands out in fewer pieces and finds faster.
enum LargePages {
  /// Unit: bytes. Source: the size of huge pages on x86-64 and, with pages of 4 KiB, on arm64.
  private static let pageBytes = 2 << 20

  /// Only advice: nothing depends on whether it is taken, and memory of less than two such pages is left as it is.
  static func advise(_ memory: UnsafeMutableRawBufferPointer) {
    #if os(Linux)
      guard let base = memory.baseAddress, memory.count >= 2 * pageBytes else { return }
      let first = (UInt(bitPattern: base) + UInt(pageBytes) - 1) / UInt(pageBytes) * UInt(pageBytes)
      let end = (UInt(bitPattern: base) + UInt(memory.count)) / UInt(pageBytes) * UInt(pageBytes)
      guard first < end else { return }
      madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_HUGEPAGE)
    #endif
  }
}

extension ContiguousArray {
  /// Makes room for as many elements as are to come, in large pages where they are many.
  mutating func reserveLargePages(for elements: Int) {
    reserveCapacity(elements)
    let bytes = capacity * MemoryLayout<Element>.stride
    withUnsafeMutableBufferPointer {
      LargePages.advise(UnsafeMutableRawBufferPointer(start: $0.baseAddress, count: bytes))
    }
  }
}
