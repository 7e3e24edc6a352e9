/// Attention time of one layer over (prefill tokens, prefill context, decode requests, decode context), as measured on
/// a grid with gaps.
///
/// For each profiled pair of prefill tokens and decode requests there is a *slice*: rows by prefill context, each with
/// times over decode context. A lookup blends linearly, decode context first and prefill tokens last.
final class AttentionTable: Sendable {
  /// Profiled prefill token counts and decode request counts, rising.
  let chunks: ContiguousArray<Double>
  let counts: ContiguousArray<Double>
  /// For chunk c and count n at `c * counts.count + n`: its slice, or what stands for it.
  private let slices: ContiguousArray<Slice>
  /// All rows, and all their points, slice by slice.
  private let rows: ContiguousArray<Row>
  private let contexts: ContiguousArray<Double>
  private let times: ContiguousArray<Double>

  /// One measured point; time in nanoseconds.
  struct Point {
    var chunk: Int
    var prefillContext: Int
    var count: Int
    var decodeContext: Int
    var time: Int64
  }

  private struct Slice {
    var rows: Range<Int>
  }

  private struct Row {
    var prefillContext: Double
    var points: Range<Int>
  }

  /// Most chunks and most counts: a table has a slice for each pair. Guess: six times what was ever profiled.
  static let longestAxis = 128

  /// Most points, measured and extrapolated, up to which absent slices are extrapolated. Guess: 200 times what public
  /// profiles have.
  private static let mostPoints = 1 << 22

  /// Takes points in any order; the first of several at one place stays. There must be one at least.
  init(_ points: [Point], _ absentSlice: ProfileRules.AbsentSlice) {
    precondition(!points.isEmpty, "an attention table without points")
    let order = points.indices.sorted { Self.key(points[$0], $0) < Self.key(points[$1], $1) }
    var builder = Builder()
    for i in order { builder.append(points[i]) }
    let chunks = ContiguousArray(builder.keys.map(\.chunk)).sortedWithoutRepeats()
    let counts = ContiguousArray(builder.keys.map(\.count)).sortedWithoutRepeats()
    var slices: ContiguousArray<Slice> = []
    for chunk in chunks {
      for count in counts {
        switch absentSlice {
        case .nearest: slices.append(builder.nearest(chunk, count))
        case .extrapolated:
          slices.append(builder.present(chunk, count) ?? builder.extended(chunk, count))
        }
      }
    }
    self.chunks = ContiguousArray(chunks.map(Double.init))
    self.counts = ContiguousArray(counts.map(Double.init))
    self.slices = slices
    rows = builder.rows
    contexts = builder.contexts
    times = builder.times
  }

  var longestChunk: Double { chunks[chunks.count - 1] }

  /// Whole nanoseconds, at least 1.
  ///
  /// - Complexity: O(log of the grid), no allocation.
  func time(chunk: Double, prefillContext: Double, count: Double, decodeContext: Double) -> Int64 {
    let c = Bracket(chunk, in: chunks, 0..<chunks.count)
    let n = Bracket(count, in: counts, 0..<counts.count)
    let low = blend(c.lower, n, prefillContext, decodeContext)
    guard c.fraction != 0 else { return ProfileLimits.whole(low) }
    let high = blend(c.upper, n, prefillContext, decodeContext)
    return ProfileLimits.whole(low + c.fraction * (high - low))
  }

  private func blend(
    _ chunk: Int, _ n: Bracket, _ prefillContext: Double, _ decodeContext: Double
  ) -> Double {
    let first = chunk * counts.count
    let low = slice(first + n.lower, prefillContext, decodeContext)
    guard n.fraction != 0 else { return low }
    let high = slice(first + n.upper, prefillContext, decodeContext)
    return low + n.fraction * (high - low)
  }

  private func slice(
    _ index: Int, _ prefillContext: Double, _ decodeContext: Double
  ) -> Double {
    let range = slices[index].rows
    if range.count == 1 { return row(range.lowerBound, decodeContext) }
    let k = Bracket(prefillContext, range) { rows[$0].prefillContext }
    let low = row(k.lower, decodeContext)
    guard k.fraction != 0 else { return low }
    return low + k.fraction * (row(k.upper, decodeContext) - low)
  }

  private func row(_ index: Int, _ decodeContext: Double) -> Double {
    let k = Bracket(decodeContext, in: contexts, rows[index].points)
    guard k.fraction != 0 else { return times[k.lower] }
    return times[k.lower] + k.fraction * (times[k.upper] - times[k.lower])
  }

  private static func key(_ point: Point, _ index: Int) -> (Int, Int, Int) {
    // All four are below 2^31; pairs of them fit in one Int.
    (
      point.chunk << 31 | point.count, point.prefillContext << 31 | point.decodeContext, index
    )
  }
}

/// Two neighbours on an axis and how far between them a query lies: 0 at `lower`, 1 at `upper`, above 1 beyond the last.
struct Bracket {
  var lower: Int
  var upper: Int
  var fraction: Double

  @inline(__always)
  init(_ query: Double, in axis: ContiguousArray<Double>, _ range: Range<Int>) {
    self.init(query, range) { axis[$0] }
  }

  /// Queries at or below the first value stay there; above the last, the last two neighbours continue.
  @inline(__always)
  init(_ query: Double, _ range: Range<Int>, _ value: (Int) -> Double) {
    let last = range.upperBound - 1
    guard range.count > 1, query > value(range.lowerBound) else {
      (lower, upper, fraction) = (range.lowerBound, range.lowerBound, 0)
      return
    }
    // First value not below the query; the last one where all are below.
    var low = range.lowerBound + 1
    var high = last
    while low < high {
      let middle = (low + high) / 2
      if value(middle) < query { low = middle + 1 } else { high = middle }
    }
    let end = value(low)
    if end == query {
      (lower, upper, fraction) = (low, low, 0)
    } else {
      let start = value(low - 1)
      (lower, upper, fraction) = (low - 1, low, (query - start) / (end - start))
    }
  }
}

extension ContiguousArray where Element == Int {
  fileprivate func sortedWithoutRepeats() -> ContiguousArray<Int> {
    var result: ContiguousArray<Int> = []
    for value in sorted() where value != result.last { result.append(value) }
    return result
  }
}

extension AttentionTable {
  /// Collects points in order of (chunk, count, prefill context, decode context).
  private struct Builder {
    var keys: [(chunk: Int, count: Int, slice: Slice)] = []
    var rows: ContiguousArray<Row> = []
    var contexts: ContiguousArray<Double> = []
    var times: ContiguousArray<Double> = []

    mutating func append(_ point: Point) {
      if keys.last.map({ $0.chunk != point.chunk || $0.count != point.count }) ?? true {
        keys.append((point.chunk, point.count, Slice(rows: rows.count..<rows.count)))
      }
      let slice = keys[keys.count - 1].slice
      let context = Double(point.prefillContext)
      if slice.rows.isEmpty || rows[rows.count - 1].prefillContext != context {
        rows.append(Row(prefillContext: context, points: contexts.count..<contexts.count))
        keys[keys.count - 1].slice.rows = slice.rows.lowerBound..<rows.count
      }
      let row = rows[rows.count - 1]
      guard row.points.isEmpty || contexts[contexts.count - 1] != Double(point.decodeContext)
      else { return }
      contexts.append(Double(point.decodeContext))
      times.append(Double(point.time))
      rows[rows.count - 1].points = row.points.lowerBound..<contexts.count
    }

    func present(_ chunk: Int, _ count: Int) -> Slice? {
      keys.first { $0.chunk == chunk && $0.count == count }?.slice
    }

    func nearest(_ chunk: Int, _ count: Int) -> Slice {
      var best = keys[0]
      var bestDistance = Int.max
      for key in keys {
        let (c, n) = (key.chunk - chunk, key.count - count)
        // Differences are below 2^31: squares and their sum fit.
        let distance = c * c + n * n
        if distance < bestDistance { (best, bestDistance) = (key, distance) }
      }
      return best.slice
    }

    /// A slice for a larger count than was profiled with this chunk, on the line through the two largest that were;
    /// the nearest slice where there are no two with the same rows.
    mutating func extended(_ chunk: Int, _ count: Int) -> Slice {
      let smaller = keys.filter { $0.chunk == chunk && $0.count < count && $0.count > 0 }.suffix(2)
      guard smaller.count == 2, contexts.count < mostPoints, let low = smaller.first,
        let high = smaller.last,
        smaller.allSatisfy({ !$0.slice.rows.isEmpty }),
        haveEqualRows(low.slice, high.slice)
      else { return nearest(chunk, count) }
      let reach = Double(count - low.count) / Double(high.count - low.count)
      let start = rows.count
      for (lowRow, highRow) in zip(low.slice.rows, high.slice.rows) {
        let first = contexts.count
        for (a, b) in zip(rows[lowRow].points, rows[highRow].points) {
          contexts.append(contexts[b])
          times.append(max(times[b], times[a] + reach * (times[b] - times[a])))
        }
        rows.append(
          Row(prefillContext: rows[highRow].prefillContext, points: first..<contexts.count))
      }
      return Slice(rows: start..<rows.count)
    }

    private func haveEqualRows(_ a: Slice, _ b: Slice) -> Bool {
      a.rows.count == b.rows.count
        && zip(a.rows, b.rows).allSatisfy { x, y in
          rows[x].prefillContext == rows[y].prefillContext
            && contexts[rows[x].points] == contexts[rows[y].points]
        }
    }
  }
}
