import Engine
import Foundation

/// A measured run and the files that belong to it: the trace that was served, and the cluster that served it.
struct RecordedRun {
  let path: String
  let run: MeasuredRun

  /// Reads what was measured, with the prompts of `dataset`, or else of the trace that the record names.
  init(path: String, dataset: String?, _ resources: ResourceFolders) throws {
    self.path = path
    var run = try MeasuredRun.load(path: path)
    if let trace = dataset.map(resources.file) ?? Self.recordedTrace(run, path) {
      try run.replay(Workload.load(path: trace))
      run.notes.append("prompts of \(trace)")
    }
    guard !run.workload.requests.isEmpty else {
      throw InputError(
        file: path, problem: "is a series without requests",
        expected: "--dataset with the trace that was served")
    }
    self.run = run
  }

  /// The name of the file, or of the folder above `vllm`.
  var name: String {
    var parts = path.split(separator: "/").filter { $0 != "." && $0 != ".." }
    if parts.count > 1, parts.last == "vllm" { parts.removeLast() }
    return parts.last.map(String.init) ?? "run"
  }

  /// The cluster's file: the one given, or `config.json` in the folder of the run or beside it.
  func cluster(given: String?) throws -> String {
    if let given { return given }
    let candidates = ["\(path)/config.json", "\(path)/../config.json"]
    if let found = candidates.first(where: FileManager.default.fileExists(atPath:)) { return found }
    throw InputError(
      file: path, problem: "says nothing of the cluster", expected: "--cluster-config with its file"
    )
  }

  /// The trace that the run's own record names, where it lies in a folder above the run.
  private static func recordedTrace(_ run: MeasuredRun, _ path: String) -> String? {
    guard let name = run.settings.dataset, !name.hasPrefix("/"), !name.contains("..") else {
      return nil
    }
    // LLMServingSim's bench/examples/HARDWARE/MODEL/vllm lies five folders below its workloads.
    var folder = path
    for _ in 0...5 {
      let candidate = "\(folder)/\(name)"
      if FileManager.default.fileExists(atPath: candidate) { return candidate }
      folder += "/.."
    }
    return nil
  }
}
