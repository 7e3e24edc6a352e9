/// A plain number that has its place in an order.
protocol Rankable: BitwiseCopyable {
  /// Sorts as values do; two values of one rank are the same.
  var rank: UInt64 { get }
  var number: Double { get }

  /// The sum of all samples, where no way of adding them up rounds; nil where one might.
  static func exactSum(
    of samples: UnsafeBufferPointer<Self>, least: Self, greatest: Self
  ) -> Double?
}

/// What would stand at some places if values were sorted, found without sorting them.
///
/// Values are counted by the first bits in which they differ; only those whose bits are those of a place that is sought
/// are looked at again, by their next bits. A sort of a million samples moves each of them three times and more.
///
/// - Complexity: O(n) time, and extra memory for the values that share their first bits with one that is sought.
struct RankedValues<Value: Rankable> {
  private var places: [Int]
  private var values: [Value] = []

  /// - Parameter places: any of `all.indices`, in any order.
  init(_ places: [Int], of all: UnsafeBufferPointer<Value>) {
    self.places = Set(places).sorted()
    values.reserveCapacity(self.places.count)
    find(self.places[...], behind: 0, in: all)
  }

  /// The value at one of the places.
  subscript(place: Int) -> Value {
    guard let index = places.firstIndex(of: place) else {
      preconditionFailure("place \(place) was not sought")
    }
    return values[index]
  }

  /// - Parameter sought: ascending; at least one, and all among `part`, before which `before` values come.
  private mutating func find(
    _ sought: ArraySlice<Int>, behind before: Int, in part: UnsafeBufferPointer<Value>
  ) {
    let (least, greatest) = Self.ranks(part)
    // Also where this is one value.
    if least == greatest {
      values.append(contentsOf: repeatElement(part[0], count: sought.count))
      return
    }
    let bits = UInt64.bitWidth - (greatest - least).leadingZeroBitCount
    let shift = UInt64(max(0, bits - binBits))
    var ends = Self.counts(part, least, shift)
    // From counts to the bins that are sought, and where their values go.
    var bins: [(start: Int, count: Int, sought: ArraySlice<Int>)] = []
    var rest = sought
    var start = before
    var gathered = 0
    for bin in ends.indices {
      let count = ends[bin]
      ends[bin] = -1
      if let next = rest.first, next < start + count {
        let inside = rest.prefix { $0 < start + count }
        rest = rest.dropFirst(inside.count)
        bins.append((start, count, inside))
        ends[bin] = gathered
        gathered += count
      }
      start += count
    }
    withUnsafeTemporaryAllocation(of: Value.self, capacity: gathered) { found in
      Self.gather(part, least, shift, by: &ends, into: found)
      var first = 0
      for bin in bins {
        find(
          bin.sought, behind: bin.start,
          in: UnsafeBufferPointer(rebasing: found[first..<(first + bin.count)]))
        first += bin.count
      }
    }
  }

  private static func ranks(_ part: UnsafeBufferPointer<Value>) -> (least: UInt64, greatest: UInt64)
  {
    var least = UInt64.max
    var greatest: UInt64 = 0
    for value in part {
      least = min(least, value.rank)
      greatest = max(greatest, value.rank)
    }
    return (least, greatest)
  }

  private static func counts(
    _ part: UnsafeBufferPointer<Value>, _ least: UInt64, _ shift: UInt64
  ) -> ContiguousArray<Int> {
    var counts = ContiguousArray(repeating: 0, count: 1 << binBits)
    counts.withUnsafeMutableBufferPointer { counts in
      for value in part { counts[Int(truncatingIfNeeded: (value.rank - least) &>> shift)] &+= 1 }
    }
    return counts
  }

  /// Copies the values of bins whose next place is not negative.
  private static func gather(
    _ part: UnsafeBufferPointer<Value>, _ least: UInt64, _ shift: UInt64,
    by places: inout ContiguousArray<Int>, into found: UnsafeMutableBufferPointer<Value>
  ) {
    places.withUnsafeMutableBufferPointer { places in
      for value in part {
        let bin = Int(truncatingIfNeeded: (value.rank - least) &>> shift)
        let place = places[bin]
        guard place >= 0 else { continue }
        found.initializeElement(at: place, to: value)
        places[bin] = place + 1
      }
    }
  }
}

/// Ranks are told apart by so many bits at a time. guess: few values share them, and their counts fit the fastest cache.
private let binBits = 11

extension Double: Rankable {
  /// NaN ranks beyond the infinities.
  var rank: UInt64 { sign == .minus ? ~bitPattern : bitPattern | (1 << 63) }
  var number: Double { self }

  static func exactSum(
    of samples: UnsafeBufferPointer<Double>, least: Double, greatest: Double
  ) -> Double? { nil }
}

extension Rankable where Self: FixedWidthInteger {
  var number: Double { Double(self) }

  static func exactSum(
    of samples: UnsafeBufferPointer<Self>, least: Self, greatest: Self
  ) -> Double? {
    guard least >= 0, Double(greatest) * Double(samples.count) < 0x1p53 else { return nil }
    var sum = 0
    for sample in samples { sum &+= Int(truncatingIfNeeded: sample) }
    return Double(sum)
  }
}

extension Int64: Rankable {
  var rank: UInt64 { UInt64(bitPattern: self) ^ (1 << 63) }
}

extension UInt32: Rankable {
  var rank: UInt64 { UInt64(self) }
}
