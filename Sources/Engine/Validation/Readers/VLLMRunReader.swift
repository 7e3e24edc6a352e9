import Foundation

/// A run of LLMServingSim's vLLM bench: `requests.jsonl` with the moments of each request as vLLM's engine stamped
/// them, `meta.json` with its settings, and `timeseries.csv` with its counters each second.
///
/// A request arrives when the client handed it over (`submitted_ts`, of tools/measure_vllm.py), else when the engine has
/// queued it: the earlier `arrival_time` is of another clock.
///
/// Source: https://github.com/casys-kaist/LLMServingSim, bench.
struct VLLMRunReader {
  let folder: String

  /// Seconds of a clock that started up to 100 years ago.
  private static let stamps = 0.0...3.2e9

  func read() throws(InputError) -> MeasuredRun {
    let meta = try Meta(path: folder + "/meta.json")
    let path = folder + "/requests.jsonl"
    var builder = MeasuredRunBuilder(source: folder, format: "vLLM run")
    var lines = LineReader(file: path, source: try ByteSource(path: path))
    var unfinished = 0
    var firstSubmitted = Double.infinity
    while let range = try lines.next() {
      let row = try Self.object(Array(lines.buffer[range]), file: path, line: lines.number)
      let number = lines.number
      let isSubmitted = row.present("submitted_ts") != nil
      let stamps = [isSubmitted ? "submitted_ts" : "queued_ts", "first_token_ts", "last_token_ts"]
      guard stamps.allSatisfy({ row.present($0) != nil || row[$0] == nil }) else {
        unfinished += 1
        continue
      }
      func at<Value>(_ body: () throws(InputError) -> Value) throws(InputError) -> Value {
        do { return try body() } catch { throw error.at(line: number) }
      }
      func stamp(_ key: String) throws(InputError) -> Int64 {
        try at { () throws(InputError) in
          try row.required(key).nanoseconds(Self.stamps, "seconds of a monotonic clock")
        }
      }
      func tokens(_ key: String) throws(InputError) -> Int {
        try at { () throws(InputError) in try row.required(key).tokenCount() }
      }
      if let submitted = row.present("arrival_time") {
        let time = try at { () throws(InputError) in
          try submitted.number(0...1e11, "seconds since 1970")
        }
        firstSubmitted = min(firstSubmitted, time)
      }
      try builder.add(
        promptTokens: tokens("input_toks"), outputTokens: tokens("output_toks"),
        arrival: stamp(stamps[0]), firstToken: stamp(stamps[1]), end: stamp(stamps[2])
      ) { problem, expected in
        InputError(
          file: path, line: number, key: "last_token_ts", problem: problem, expected: expected)
      }
    }
    var notes: [String] = []
    if unfinished > 0 { notes.append("\(unfinished) requests without all moments left out") }
    // The series counts from the start of the bench, a little before the first request.
    var start = SimDuration.zero
    if let begun = meta.startedAt, firstSubmitted - begun >= 0, firstSubmitted - begun < 60 {
      start = SimDuration(roundingUp: firstSubmitted - begun)
    }
    return try builder.finish(
      start: start, settings: meta.settings, series: try series(), notes: notes)
  }

  private static func object(_ bytes: [UInt8], file: String, line: Int) throws(InputError)
    -> JSONObject
  {
    do {
      return try JSONDocument(bytes: bytes, file: file).root.object()
    } catch {
      throw error.at(line: line)
    }
  }

  private func series() throws(InputError) -> SecondSeries? {
    let path = folder + "/timeseries.csv"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    var table = try NumberTable.open(path, separator: UInt8(ascii: ","))
    let (time, tokens) = (try table.column("t"), try table.column("gen_throughput"))
    let (running, waiting) = (try table.column("running"), try table.column("waiting"))
    var series = SecondSeries()
    while let row = try table.next() {
      let second = try table.second(row[time], in: time)
      series.set(\.outputTokens, row[tokens], second: second)
      series.set(\.running, row[running], second: second)
      series.set(\.waiting, row[waiting], second: second)
    }
    return series
  }

  /// `meta.json`, as far as a simulation needs it.
  private struct Meta {
    var settings = MeasuredRun.Settings()
    /// Seconds since 1970.
    var startedAt: Double?

    init(path: String) throws(InputError) {
      let root = try JSONDocument(path: path).root.object()
      let engine = try root.required("engine_kwargs").object()
      for key in ["data_parallel_size", "pipeline_parallel_size"] {
        if let node = engine.present(key), try node.integer(1...1 << 20) > 1 {
          throw node.error("is \(node.described), which is not simulated", expected: "1")
        }
      }
      let model = try root.required("model").string()
      settings.model = model
      settings.server = try root.present("vllm_version").map { version throws(InputError) in
        "vLLM " + (try version.string())
      }
      settings.dataset = try root.present("dataset_path")?.string()
      func count(_ key: String, in object: JSONObject) throws(InputError) -> Int? {
        try object.present(key)?.integer(1...1 << 30)
      }
      settings.tensorParallelSize = try count("tensor_parallel_size", in: engine)
      settings.maxNumSeqs = try count("max_num_seqs", in: engine)
      settings.maxNumBatchedTokens = try count("max_num_batched_tokens", in: engine)
      if let cache = try root.present("kv_cache")?.object() {
        settings.kvBlocks = try count("num_gpu_blocks", in: cache)
        settings.blockSize = try count("block_size", in: cache)
      }
      if let text = try root.present("started_at")?.string() {
        startedAt = WallClock.nanoseconds(Array(text.utf8).span).map { Double($0) / 1e9 }
      }
    }
  }
}

extension InputError {
  /// The same error in a file of which only one line was parsed.
  func at(line: Int) -> InputError {
    var error = self
    error.line = line
    return error
  }
}
