/// Place of an instance in configuration order: 0, 1, …
public struct InstanceID: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var index: Int32
  @inlinable public init(_ index: Int) { self.index = Int32(truncatingIfNeeded: index) }
  /// Stands for "no instance".
  public static let none = InstanceID(-1)
  @inlinable public var isNone: Bool { index < 0 }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.index < b.index }
}

/// Place of a request in its workload: 0, 1, … in the order of the trace.
public struct RequestID: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var index: Int32
  @inlinable public init(_ index: Int) { self.index = Int32(truncatingIfNeeded: index) }
  /// Stands for "no request".
  public static let none = RequestID(-1)
  @inlinable public var isNone: Bool { index < 0 }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.index < b.index }
}
