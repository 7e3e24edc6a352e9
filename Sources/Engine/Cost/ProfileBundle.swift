/// Measured layer times of one model on one accelerator, as LLMServingSim's profiler writes them.
///
/// Folder: `<profile dir>/<hardware>/<model>/<variant>/` with `meta.yaml` and, for each tensor-parallel degree,
/// `tp<N>/dense.csv`, `per_sequence.csv`, `attention.csv` and the skew table that `meta.yaml` names. Ours may add
/// `all_reduce.csv` (`bytes,time_us`), measured among N accelerators.
/// Source of the format: https://github.com/casys-kaist/LLMServingSim, profiler version 1.0.0.
struct ProfileBundle: Sendable {
  /// The variant's folder.
  let folder: String
  let tpSize: Int
  let rules: ProfileRules
  let meta: ProfileMeta
  /// Names of the layers whose times follow.
  let sequence: LayerSequence
  /// By tokens, in the order of the layer sequence.
  let prologue: [LatencyCurve]
  let block: [LatencyCurve]
  let epilogue: [LatencyCurve]
  /// By sequences.
  let head: [LatencyCurve]
  let attention: AttentionTable
  let skew: SkewTable?
  /// By bytes; nil where it was not measured or the rules do not ask for it.
  let allReduce: LatencyCurve?

  /// Reads the variant in `folder`.
  ///
  /// - Throws: where a file, a column or a layer is missing, or a cell is not a number.
  init(
    folder: String, model: ModelSpec, hardware: String, tpSize: Int, rules: ProfileRules
  ) throws(InputError) {
    guard
      let sequence = LayerSequence(architecture: model.architecture, hardware: hardware)
    else {
      throw InputError(
        file: folder, key: "model_type",
        problem: "no layer sequence is known for '\(model.architecture)'",
        expected: LayerSequence.knownArchitectures.joined(separator: ", "))
    }
    self.folder = folder
    self.sequence = sequence
    self.tpSize = tpSize
    self.rules = rules
    let metaFile = folder + "/meta.yaml"
    meta = try ProfileMeta(
      file: metaFile, bytes: InputFile.read(metaFile, limit: ProfileFolder.metaLimit),
      tpSize: tpSize)

    let shards = "\(folder)/tp\(tpSize)"
    guard ProfileFolder.isFolder(shards) else {
      let present = ProfileFolder.folders(in: folder).filter { $0.hasPrefix("tp") }
      throw InputError(
        file: folder, key: "tp_size", problem: "tensor parallelism \(tpSize) was not profiled",
        expected: present.isEmpty ? nil : present.joined(separator: ", "),
        suggestion: "profile the model with that degree, too: docs/hardware.md")
    }
    let single = ProfileFolder.isFolder("\(folder)/tp1") ? "\(folder)/tp1" : shards
    let dense = try LayerTimes("\(shards)/dense.csv", axis: "tokens")
    let rows = try LayerTimes("\(shards)/per_sequence.csv", axis: "sequences")
    let singleDense =
      single == shards ? dense : try LayerTimes("\(single)/dense.csv", axis: "tokens")
    let singleRows =
      single == shards ? rows : try LayerTimes("\(single)/per_sequence.csv", axis: "sequences")

    func curves(
      _ layers: [String], _ sharded: LayerTimes, _ unsharded: LayerTimes
    ) throws(InputError) -> [LatencyCurve] {
      var result: [LatencyCurve] = []
      for layer in layers {
        let times = LayerSequence.unsharded.contains(layer) ? unsharded : sharded
        result.append(try times.curve(layer, rules.extrapolation))
      }
      return result
    }
    prologue = try curves(sequence.prologue, dense, singleDense)
    block = try curves(sequence.block, dense, singleDense)
    epilogue = try curves(sequence.epilogue, dense, singleDense)
    head = try curves(sequence.head, rows, singleRows)
    attention = try Self.attention("\(shards)/attention.csv", rules.absentSlice)
    skew = try Self.skew(meta.skew, folder, rules.skewChunk)
    allReduce =
      rules.measuredAllReduce && tpSize > 1
      ? try Self.allReduce("\(shards)/all_reduce.csv", rules.extrapolation) : nil
  }

  private static func allReduce(
    _ file: String, _ extrapolation: ProfileRules.Extrapolation
  ) throws(InputError) -> LatencyCurve? {
    guard ProfileFolder.exists(file) else { return nil }
    var csv = try ProfileCSV(
      file: file, bytes: InputFile.read(file, limit: ProfileFolder.fileLimit),
      columns: ["bytes", "time_us"])
    var points: [(count: Int, time: Int64)] = []
    while try csv.nextRow() { points.append((try csv.count(0), try csv.time(1))) }
    guard !points.isEmpty else {
      throw InputError(
        file: file, problem: "has no rows",
        suggestion: "remove it to compute all-reduces from the cluster's link")
    }
    return LatencyCurve(points, extrapolation)
  }

  private static func attention(
    _ file: String, _ absentSlice: ProfileRules.AbsentSlice
  ) throws(InputError) -> AttentionTable {
    var csv = try ProfileCSV(
      file: file, bytes: InputFile.read(file, limit: ProfileFolder.fileLimit),
      columns: ["prefill_chunk", "kv_prefill", "n_decode", "kv_decode", "time_us"])
    var points: [AttentionTable.Point] = []
    while try csv.nextRow() {
      points.append(
        AttentionTable.Point(
          chunk: try csv.count(0), prefillContext: try csv.count(1), count: try csv.count(2),
          decodeContext: try csv.count(3), time: try csv.time(4)))
    }
    guard !points.isEmpty else {
      throw InputError(file: file, problem: "has no rows", suggestion: "profile the model again")
    }
    for (axis, values) in [
      ("prefill_chunk", points.map(\.chunk)), ("n_decode", points.map(\.count)),
    ] {
      guard values.contains(where: { $0 > 0 }) else {
        throw InputError(
          file: file, key: axis, problem: "has no rows above 0",
          expected: "prefills and decodes, each alone", suggestion: "profile the model again")
      }
      guard Set(values).count <= AttentionTable.longestAxis else {
        throw InputError(
          file: file, key: axis,
          problem: "has more than \(AttentionTable.longestAxis) different values")
      }
    }
    return AttentionTable(points, absentSlice)
  }

  private static func skew(
    _ skew: ProfileMeta.Skew?, _ folder: String, _ rule: ProfileRules.SkewChunk
  ) throws(InputError) -> SkewTable? {
    guard let skew else { return nil }
    var rows: [SkewTable.Row] = []
    if let table = skew.table {
      let file = "\(folder)/\(table)"
      var csv = try ProfileCSV(
        file: file, bytes: InputFile.read(file, limit: ProfileFolder.fileLimit),
        columns: ["pc", "n_label", "skew_rate_label", "kv_big_label", "kp_label", "alpha"])
      func bin(_ column: Int, _ bins: SkewTable.Bins) throws(InputError) -> Int {
        let label = csv.text(column)
        guard let index = bins.labels.firstIndex(of: label) else {
          throw csv.bad(column, "one of \(bins.labels.joined(separator: ", "))")
        }
        return index
      }
      while try csv.nextRow() {
        rows.append(
          SkewTable.Row(
            chunk: try csv.count(0), count: try bin(1, skew.axes.count),
            rate: try bin(2, skew.axes.rate), longest: try bin(3, skew.axes.longest),
            prefillContext: try bin(4, skew.axes.prefillContext), alpha: try csv.number(5)))
      }
      guard Set(rows.map(\.chunk)).count <= AttentionTable.longestAxis else {
        throw InputError(
          file: file, key: "pc",
          problem: "has more than \(AttentionTable.longestAxis) different values")
      }
    }
    return SkewTable(axes: skew.axes, defaultAlpha: skew.defaultAlpha, rows: rows, rule: rule)
  }
}

/// All layers of one table: name, count and time.
private struct LayerTimes {
  let file: String
  private var layers: [(name: String, points: [(count: Int, time: Int64)])] = []

  init(_ file: String, axis: String) throws(InputError) {
    self.file = file
    var csv = try ProfileCSV(
      file: file, bytes: InputFile.read(file, limit: ProfileFolder.fileLimit),
      columns: ["layer", axis, "time_us"])
    while try csv.nextRow() {
      let name = csv.text(0)
      let point = (count: try csv.count(1), time: try csv.time(2))
      // Rows of a layer follow each other, so the last entry nearly always fits.
      if let i = layers.lastIndex(where: { $0.name == name }) {
        layers[i].points.append(point)
      } else {
        guard layers.count < 64 else { throw csv.bad(0, "at most 64 layer names") }
        layers.append((name, [point]))
      }
    }
  }

  func curve(
    _ layer: String, _ extrapolation: ProfileRules.Extrapolation
  ) throws(InputError) -> LatencyCurve {
    guard let points = layers.first(where: { $0.name == layer })?.points else {
      throw InputError(
        file: file, key: "layer", problem: "has no rows for '\(layer)'",
        expected: "all layers of the model's architecture",
        suggestion: "profile the model again, or check its model_type")
    }
    return LatencyCurve(points, extrapolation)
  }
}
