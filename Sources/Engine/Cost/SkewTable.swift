/// How much a decode batch of unequal contexts is slowed beyond its mean context: a measured fraction `alpha` of the
/// way from the time at the mean to the time at the longest.
final class SkewTable: Sendable {
  /// Four axes of bins with upper bounds; a value above all of them takes the last bin.
  struct Axes: Sendable, Equatable {
    var count: Bins
    var rate: Bins
    var longest: Bins
    var prefillContext: Bins
  }

  struct Bins: Sendable, Equatable {
    /// Upper bound of each bin, inclusive.
    var bounds: ContiguousArray<Double>
    var labels: [String]

    @inline(__always)
    func index(of value: Double) -> Int {
      var i = 0
      while i < bounds.count - 1, value > bounds[i] { i += 1 }
      return i
    }
  }

  struct Row {
    var chunk: Int
    var count: Int
    var rate: Int
    var longest: Int
    var prefillContext: Int
    var alpha: Double
  }

  private let axes: Axes
  private let defaultAlpha: Double
  private let rule: ProfileRules.SkewChunk
  private let chunks: ContiguousArray<Double>
  /// By chunk, count, rate, longest and prefill context, the last running fastest.
  private let alphas: ContiguousArray<Double>

  init(axes: Axes, defaultAlpha: Double, rows: [Row], rule: ProfileRules.SkewChunk) {
    self.axes = axes
    self.defaultAlpha = defaultAlpha
    self.rule = rule
    var chunks: ContiguousArray<Int> = []
    for chunk in rows.map(\.chunk).sorted() where chunk != chunks.last { chunks.append(chunk) }
    self.chunks = ContiguousArray(chunks.map(Double.init))
    let size =
      axes.count.labels.count * axes.rate.labels.count * axes.longest.labels.count
      * axes.prefillContext.labels.count
    var alphas = ContiguousArray(repeating: defaultAlpha, count: size * chunks.count)
    for row in rows {
      guard let chunk = chunks.firstIndex(of: row.chunk) else { continue }
      let i = Self.place(chunk, row.count, row.rate, row.longest, row.prefillContext, axes)
      // The last of several rows with one key counts, as when a dictionary is filled.
      alphas[i] = row.alpha
    }
    self.alphas = alphas
  }

  private static func place(
    _ chunk: Int, _ count: Int, _ rate: Int, _ longest: Int, _ context: Int, _ axes: Axes
  ) -> Int {
    (((chunk * axes.count.labels.count + count) * axes.rate.labels.count + rate)
      * axes.longest.labels.count + longest) * axes.prefillContext.labels.count + context
  }

  /// The fraction for a batch; `mean` is the whole mean of the decode contexts.
  func alpha(
    chunk: Double, prefillContext: Double, count: Double, mean: Double, shortest: Double,
    longest: Double
  ) -> Double {
    guard let place = chunkIndex(chunk) else { return defaultAlpha }
    let spread = longest - shortest
    let rate = spread > 0 ? min(1, max(0, (mean - shortest) / spread)) : 0
    return alphas[
      Self.place(
        place, axes.count.index(of: count), axes.rate.index(of: rate),
        axes.longest.index(of: longest), axes.prefillContext.index(of: prefillContext), axes)]
  }

  private func chunkIndex(_ chunk: Double) -> Int? {
    guard !chunks.isEmpty else { return nil }
    if chunk <= chunks[0] { return chunk == chunks[0] || rule == .nearest ? 0 : nil }
    let bracket = Bracket(chunk, in: chunks, 0..<chunks.count)
    if bracket.fraction == 0 { return bracket.lower }
    guard rule == .nearest else { return nil }
    return bracket.fraction <= 0.5 ? bracket.lower : bracket.upper
  }
}
