import Foundation

/// Judges the analytic model, operator by operator, on the measured tables of aiconfigurator.
///
/// Reads, below a folder such as `h100_sxm`, the newest usable `gemm/vllm/*/gemm_perf.csv`, and of `attention/vllm/*` the tables
/// for context (prompts) and generation (decode); also compressed. Only 16-bit rows without a window, with products of at
/// least 1,024 columns and depth and heads of 128: what layers of whole models have. No row holds prompts and decode
/// requests together, so that mixed iterations are not judged here.
///
/// Source: https://github.com/ai-dynamo/aiconfigurator, whose latencies are in ms.
public struct OperatorTables {
  public let folder: String
  public let hardware: HardwareSpec

  public init(folder: String, hardware: HardwareSpec) {
    self.folder = folder
    self.hardware = hardware
  }

  /// Errors by regime; regimes without a row are left out.
  public func judge() throws(InputError) -> [RelativeErrors] {
    try products() + prompts() + decodes()
  }

  /// Regimes by rows of a product, or tokens of prompts.
  private static let rows = [
    (1...16, "decode, 1-16 requests"), (17...256, "decode, 17-256 requests"),
    (257...512, "prefill, 257-512 tokens"), (513...2048, "prefill, 513-2048 tokens"),
    (2049...8192, "prefill, 2049-8192 tokens"),
  ]

  private func products() throws(InputError) -> [RelativeErrors] {
    var errors = Self.rows.map { _ in [Double]() }
    try read(
      "gemm", "gemm_perf", ["gemm_dtype", "m", "n", "k", "latency"],
      keep: { $0[0] == "bfloat16" }, work: { 2 * $0(1) * $0(2) * $0(3) }
    ) { number in
      let (m, n, k) = (number(1), number(2), number(3))
      guard let regime = Self.rows.firstIndex(where: { $0.0.contains(Int(m)) }),
        n >= 1024, k >= 1024
      else { return }
      let model = AnalyticCost.matrixProduct(
        rows: Int(m), columns: Int(n), depth: Int(k), on: hardware)
      errors[regime].append(model / (number(4) * 1e-3) - 1)
    }
    return summaries("matrix product", Self.rows.map(\.1), errors)
  }

  private static let heads = ["num_heads", "num_key_value_heads", "head_dim"]

  private func prompts() throws(InputError) -> [RelativeErrors] {
    let regimes = [
      (1...512, "prefill to 512 tokens"), (513...2048, "prefill, 513-2048 tokens"),
      (2049...8192, "prefill, 2049-8192 tokens"),
    ]
    var errors = regimes.map { _ in [Double]() }
    try readAttention("context_attention_perf") { batch, length, step, heads, milliseconds in
      guard step == 0, let regime = regimes.firstIndex(where: { $0.0.contains(batch * length) })
      else { return }
      var shape = IterationShape()
      shape.prefillRequests = batch
      shape.prefillTokens = batch * length
      shape.prefillPairs = batch * length * (length + 1) / 2
      errors[regime].append(model(shape, heads) / (milliseconds * 1e-3) - 1)
    }
    return summaries("attention", regimes.map(\.1), errors)
  }

  private func decodes() throws(InputError) -> [RelativeErrors] {
    let regimes = Array(Self.rows[..<2])
    var errors = regimes.map { _ in [Double]() }
    try readAttention("generation_attention_perf") { batch, length, step, heads, milliseconds in
      let context = length + step
      // As much as such an accelerator holds, and as long as profiles go.
      guard let regime = regimes.firstIndex(where: { $0.0.contains(batch) }),
        (16...16384).contains(context), batch * context <= 500_000
      else { return }
      var shape = IterationShape()
      shape.decodeRequests = batch
      shape.decodeContext = batch * context
      errors[regime].append(model(shape, heads) / (milliseconds * 1e-3) - 1)
    }
    return summaries("attention", regimes.map(\.1), errors)
  }

  private typealias Heads = (query: Int, keyValue: Int, dimension: Int)

  private func model(_ shape: IterationShape, _ heads: Heads) -> Double {
    AnalyticCost.attention(
      shape, heads: heads.query, kvHeads: heads.keyValue, headDim: heads.dimension, on: hardware)
  }

  private func summaries(
    _ kind: String, _ labels: [String], _ errors: [[Double]]
  ) -> [RelativeErrors] {
    zip(labels, errors).filter { !$1.isEmpty }.map { RelativeErrors("\(kind), \($0)", $1) }
  }

  // MARK: Reading

  private func readAttention(
    _ name: String,
    _ row: (_ batch: Int, _ length: Int, _ step: Int, Heads, _ milliseconds: Double) -> Void
  ) throws(InputError) {
    let columns =
      ["attn_dtype", "kv_cache_dtype", "batch_size", "isl", "step"] + Self.heads
      + ["window_size", "latency"]
    // Each pair of query and key below the diagonal takes 4 operations for each element of each head.
    let isPrompt = name.hasPrefix("context")
    try read(
      "attention", name, columns, optional: ["window_size"],
      keep: { $0[0] == "bfloat16" && $0[1] == "bfloat16" },
      work: { number in
        isPrompt && number(8) == 0
          ? 2 * number(2) * number(3) * number(3) * number(5) * number(7) : 0
      }
    ) { number in
      guard number(8) == 0, number(7) == 128, number(5) >= 8 else { return }
      row(
        Int(number(2)), Int(number(3)), Int(number(4)),
        (Int(number(5)), Int(number(6)), Int(number(7))), number(9))
    }
  }

  /// Calls `row` for each row to keep with the values of these columns, which are 0 for absent ones of `optional`.
  ///
  /// Takes the newest version whose rows are possible: a table with more than a hundredth of rows faster than the data
  /// sheet's peak did not time what it says.
  private func read(
    _ operation: String, _ name: String, _ columns: [String], optional: [String] = [],
    keep: (_ cells: [Substring]) -> Bool, work: (_ number: (Int) -> Double) -> Double,
    _ row: (_ number: (Int) -> Double) -> Void
  ) throws(InputError) {
    let paths = try versions(operation, name)
    for path in paths {
      let table = try Self.table(path, columns, optional).filter(keep)
      func number(_ cells: [Substring]) -> (Int) -> Double {
        { Double(cells[$0]) ?? 0 }
      }
      let peak = hardware.dataSheet.bf16Teraflops * 1e12
      let impossible = table.count { cells in
        work(number(cells)) > peak * number(cells)(columns.count - 1) * 1e-3
      }
      guard impossible * 100 <= table.count || path == paths.last else { continue }
      for cells in table { row(number(cells)) }
      return
    }
  }

  /// The rows of a table: cells of these columns, numbers from 0 to 1e9 but for formats.
  private static func table(
    _ path: String, _ columns: [String], _ optional: [String]
  ) throws(InputError) -> [[Substring]] {
    var lines = LineReader(file: path, source: try ByteSource(path: path))
    func split(_ range: Range<Int>) -> [Substring] {
      Substring(decoding: lines.buffer[range], as: UTF8.self)
        .split(separator: ",", omittingEmptySubsequences: false)
    }
    guard let first = try lines.next() else {
      throw InputError(file: path, problem: "is empty", expected: "an operator table")
    }
    let header = split(first)
    var places: [Int?] = []
    for column in columns {
      let place = header.firstIndex { $0 == column }
      guard place != nil || optional.contains(column) else {
        throw InputError(
          file: path, line: 1, key: column, problem: "missing",
          expected: "an operator table with \(columns.joined(separator: ", "))")
      }
      places.append(place)
    }
    var rows: [[Substring]] = []
    while let range = try lines.next() {
      let all = split(range)
      guard all.count == header.count else {
        throw InputError(
          file: path, line: lines.number, problem: "has \(all.count) cells",
          expected: "\(header.count)")
      }
      let cells = places.map { $0.map { all[$0] } ?? "" }
      for (column, cell) in zip(columns, cells) where !column.hasSuffix("dtype") && !cell.isEmpty {
        guard let value = Double(cell), value >= 0, value <= 1e9 else {
          throw InputError(
            file: path, line: lines.number, key: column, problem: "is \(cell)",
            expected: "a number from 0 to 1e9")
        }
      }
      rows.append(cells)
    }
    return rows
  }

  /// The table of each version, newest first; names of versions sort as text.
  private func versions(_ operation: String, _ name: String) throws(InputError) -> [String] {
    let folder = "\(folder)/\(operation)/vllm"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let paths = names.sorted().reversed().flatMap { version in
      [".csv", ".csv.gz"].map { "\(folder)/\(version)/\(name)\($0)" }
    }.filter { FileManager.default.fileExists(atPath: $0) }
    guard !paths.isEmpty else {
      throw InputError(
        file: folder, problem: "has no \(name).csv", expected: "<version>/\(name).csv, or .csv.gz",
        suggestion: "give a folder such as h100_sxm of aiconfigurator's data")
    }
    return paths
  }
}
