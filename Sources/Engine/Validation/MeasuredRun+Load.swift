import Foundation

extension MeasuredRun {
  /// Reads a measured run; what it is is told from its content.
  ///
  /// - A folder with `requests.jsonl`, `meta.json` and `timeseries.csv`, or one with a folder `vllm` that holds them:
  ///   a run of LLMServingSim's vLLM bench.
  /// - A JSON file: what `vllm bench serve --save-result --save-detailed` writes, and `simhost --summary`.
  /// - A CSV file with arrivals, lengths, TTFT and latency: DistServe's, or one of your own.
  /// - A table of seconds and output throughput, with tabs: the series of LLMServingSim's ISPASS'26 artefact.
  /// - Throws: `InputError` with file, line and field.
  public static func load(path: String) throws(InputError) -> MeasuredRun {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      for folder in [path, path + "/vllm"]
      where FileManager.default.fileExists(atPath: folder + "/requests.jsonl") {
        return try VLLMRunReader(folder: folder).read()
      }
      throw InputError(
        file: path, problem: "has no requests.jsonl",
        expected: "a folder with requests.jsonl and meta.json, as LLMServingSim's vLLM bench writes"
      )
    }
    var lines = LineReader(file: path, source: try ByteSource(path: path))
    guard let first = try lines.next() else {
      throw InputError(file: path, problem: "is empty", expected: "a measured run")
    }
    let text = String(decoding: lines.buffer[first], as: UTF8.self)
    if let keys = try? JSONLine.keys(
      of: lines.buffer.span.extracting(first), file: path, line: lines.number),
      !keys.contains("input_lens")
    {
      let isRun = keys.contains("queued_ts")
      throw InputError(
        file: path, problem: isRun ? "is one file of a vLLM run" : "is no measured run",
        expected: isRun
          ? "its folder, with meta.json" : "a file with what was measured of each request")
    }
    if text.hasPrefix("{") { return try BenchServeReader(path: path).read() }
    if text.contains("\t") { return try ThroughputTableReader(path: path).read() }
    return try RequestTableReader(path: path).read()
  }
}
