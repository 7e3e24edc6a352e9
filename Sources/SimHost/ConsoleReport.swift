import Engine

/// The console's texts: each a pure function of what it shows.
struct ConsoleReport {
  var style = ConsoleStyle.plain
  /// Columns to keep to; file names and tables are never cut.
  var width = 80

  /// Columns before the text of a line with a label.
  static let indent = 13

  func labelled(_ label: String, _ items: [String]) -> String {
    ConsoleText.labelled(label, items, indent: Self.indent, width: width)
  }

  /// One line for each log interval, such as
  /// `[INFO] step=15 P=8 D=12 prompt_t=3.1k tok/s decode_t=620 tok/s npu_mem=[55.4 GB, 71.2 GB]`.
  ///
  /// `P` and `D` count requests being prefilled and decoded, rates are over this interval, and `npu_mem` is what each
  /// instance uses of one accelerator. As in the reference simulator and in `npu_mem` of the cluster file, a GB is 2^30 bytes.
  ///
  /// - Parameter index: 1 for the first interval.
  func intervalLine(index: Int, sample: IntervalSample, interval: SimDuration) -> String {
    func rate(_ tokens: Int) -> String {
      guard interval > .zero else { return "-" }
      return ConsoleText.compact(Double(tokens) / interval.seconds)
    }
    let memory = sample.memoryBytes
      .map { ConsoleText.gibibytes(Double($0), decimals: 1) + " GB" }
      .joined(separator: ", ")
    return "[INFO] step=\(index) P=\(sample.prefilling) D=\(sample.decoding)"
      + " prompt_t=\(rate(sample.prefillTokens)) tok/s decode_t=\(rate(sample.decodeTokens)) tok/s"
      + " npu_mem=[\(memory)]"
  }

  /// `3P+5D`, `2M`: instances by role, M for mixed.
  static func shape(_ cluster: ClusterSpec) -> String {
    [(InstanceRole.prefill, "P"), (.decode, "D"), (.mixed, "M")]
      .compactMap { role, letter in
        let count = cluster.instances.count { $0.role == role }
        return count > 0 ? "\(count)\(letter)" : nil
      }
      .joined(separator: "+")
  }

  /// `least_kv 1.0.0 (headroom=0.05)`
  static func title(_ policy: PolicyDescription) -> String {
    var title = policy.name
    if !policy.version.isEmpty { title += " \(policy.version)" }
    if !policy.parameters.isEmpty {
      let parameters = policy.parameters.map { "\($0.name)=\($0.value)" }
      title += " (\(parameters.joined(separator: ", ")))"
    }
    return ConsoleText.printable(title)
  }
}
