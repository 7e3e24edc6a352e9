/// A length of simulated time in whole nanoseconds.
///
/// Range: ±292 years. Arithmetic traps on overflow; input is bounded before it gets here.
public struct SimDuration: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var nanoseconds: Int64

  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The one place where a cost in seconds becomes simulated time: rounds up, so that nothing is free.
  ///
  /// Values above the representable range saturate at `maximum`; NaN and negative values are a bug of the caller.
  @inlinable public init(roundingUp seconds: Double) {
    precondition(seconds >= 0, "duration of \(seconds) s")
    let nanoseconds = seconds * 1e9
    guard nanoseconds < 9e18 else {
      self.nanoseconds = .max
      return
    }
    // Rounding up by hand: where the target has no instruction for it, the library call costs more than all else here.
    let whole = Int64(nanoseconds)
    self.nanoseconds = Double(whole) < nanoseconds ? whole + 1 : whole
  }

  public static let zero = SimDuration(nanoseconds: 0)
  public static let maximum = SimDuration(nanoseconds: .max)

  @inlinable public var seconds: Double { Double(nanoseconds) / 1e9 }
  @inlinable public var milliseconds: Double { Double(nanoseconds) / 1e6 }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
  @inlinable public static func + (a: Self, b: Self) -> Self {
    Self(nanoseconds: a.nanoseconds + b.nanoseconds)
  }
  @inlinable public static func - (a: Self, b: Self) -> Self {
    Self(nanoseconds: a.nanoseconds - b.nanoseconds)
  }
  @inlinable public static func += (a: inout Self, b: Self) { a = a + b }
}

/// A moment of simulated time: nanoseconds since the simulation began.
public struct SimTime: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var nanoseconds: Int64

  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static let zero = SimTime(nanoseconds: 0)
  /// Later than every event; stands for "never".
  public static let never = SimTime(nanoseconds: .max)

  @inlinable public var seconds: Double { Double(nanoseconds) / 1e9 }
  @inlinable public var milliseconds: Double { Double(nanoseconds) / 1e6 }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
  @inlinable public static func + (a: Self, b: SimDuration) -> Self {
    Self(nanoseconds: a.nanoseconds + b.nanoseconds)
  }
  @inlinable public static func - (a: Self, b: Self) -> SimDuration {
    SimDuration(nanoseconds: a.nanoseconds - b.nanoseconds)
  }
}
