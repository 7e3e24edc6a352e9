import Engine

extension ConsoleReport {
  /// What is about to run, as it was understood: cluster, memory, cost models, policy, workload.
  func startup(_ run: RunDescription) -> String {
    var lines = [style.heading("simhost: \(Self.title(run.policy)) on \(Self.shape(run.cluster))")]
    let link = run.cluster.link
    lines.append(labelled("cluster", [ConsoleText.printable(run.cluster.source)]))
    lines.append(
      labelled(
        "link",
        [
          "\(ConsoleText.fixed(link.bandwidth, 1)) GiB/s",
          "latency \(ConsoleText.time(nanoseconds: Double(link.latency.nanoseconds)))",
        ]))
    if let network = run.cluster.network { lines.append(labelled("network", network.summary)) }
    if let tiers = run.cluster.kvTiers { lines.append(labelled("KV tiers", [tiers.summary])) }
    if run.cluster.kvTransfer != KVTransferSpec() || run.firstToken != .prefill {
      lines.append(
        labelled(
          "KV transfer",
          [run.cluster.kvTransfer.summary, "first token from \(run.firstToken.rawValue)"]))
    }
    for group in groups(of: run) { lines += describe(group) }
    lines += describe(run.policy)
    lines += describe(run.workload)
    lines.append(labelled("seed", ["\(run.seed)"]))
    for note in run.notes { lines.append(labelled("note", [ConsoleText.printable(note)])) }
    return lines.joined(separator: "\n")
  }

  /// Instances that stand next to each other and are alike in everything shown.
  private struct Group {
    var first: InstanceSpec
    var last: InstanceSpec
    var count = 1
    var memory: InstanceMemory?
    var costModel: String?

    var name: String { count == 1 ? first.name : "\(first.name) to \(last.name)" }
  }

  private func groups(of run: RunDescription) -> [Group] {
    var groups: [Group] = []
    for (index, instance) in run.cluster.instances.enumerated() {
      let memory = run.memory.indices.contains(index) ? run.memory[index] : nil
      let costModel = run.costModels.indices.contains(index) ? run.costModels[index] : nil
      if let group = groups.last, group.memory == memory, group.costModel == costModel,
        group.last.isLike(instance)
      {
        groups[groups.count - 1].last = instance
        groups[groups.count - 1].count += 1
      } else {
        groups.append(
          Group(first: instance, last: instance, memory: memory, costModel: costModel))
      }
    }
    return groups
  }

  private func describe(_ group: Group) -> [String] {
    let spec = group.first
    var lines = [
      labelled(
        group.count == 1 ? "instance" : "\(group.count) instances",
        [
          group.name, "\(ConsoleText.printable(spec.model.name))",
          "\(ConsoleText.printable(spec.hardware)) TP\(spec.tpSize)",
        ])
    ]
    if let memory = group.memory {
      let blockSize = spec.limits.blockSize
      let origin =
        spec.kvBlocks == nil
        ? " at utilization \(ConsoleText.fixed(spec.memoryUtilization, 2))" : ", as given"
      let bytes = Double(memory.kvBlocks) * Double(memory.bytesPerBlock)
      lines.append(
        labelled(
          "  KV cache",
          [
            "\(ConsoleText.grouped(memory.kvBlocks * blockSize)) tokens",
            "\(ConsoleText.grouped(memory.kvBlocks)) blocks of \(blockSize)",
            "\(ConsoleText.gibibytes(bytes, decimals: 2)) GiB of each accelerator" + origin,
          ]))
      lines.append(
        labelled(
          "  weights",
          [
            ConsoleText.gibibytes(Double(memory.weightBytes), decimals: 2)
              + " GiB of each accelerator"
          ]))
    }
    if let costModel = group.costModel {
      lines.append(labelled("  cost", [ConsoleText.printable(costModel)]))
    }
    if let platform = spec.platform {
      lines.append(
        labelled(
          "  platform", [ConsoleText.printable(platform.name)] + platform.settings))
    }
    return lines
  }

  private func describe(_ policy: PolicyDescription) -> [String] {
    var lines = [labelled("policy", [Self.title(policy)])]
    for file in policy.files { lines.append(labelled("  file", [ConsoleText.printable(file)])) }
    // Without a file it is the native scheduler, or rules with parameters of their own.
    if policy.files.isEmpty, !policy.parameters.isEmpty { return lines }
    let severalFiles = policy.files.count > 1
    let hooks = policy.hooks.map {
      ConsoleText.printable(severalFiles ? "\($0.hook) (\($0.file))" : $0.hook)
    }
    lines.append(labelled("  hooks", hooks.isEmpty ? ["none, native defaults"] : hooks))
    return lines
  }

  private func describe(_ workload: WorkloadDescription) -> [String] {
    let requests = Double(max(1, workload.requests))
    return [
      labelled(
        "workload",
        [ConsoleText.printable(workload.source), ConsoleText.printable(workload.format)]
      ),
      labelled(
        "  requests",
        [
          "\(ConsoleText.grouped(workload.requests)) over "
            + ConsoleText.time(nanoseconds: Double(workload.span.nanoseconds)),
          "mean prompt \(ConsoleText.fixed(Double(workload.promptTokens) / requests, 0)) tokens",
          "mean output \(ConsoleText.fixed(Double(workload.outputTokens) / requests, 0)) tokens",
        ]),
    ]
  }
}

extension InstanceSpec {
  /// Alike in all that the start-up block says of an instance.
  fileprivate func isLike(_ other: InstanceSpec) -> Bool {
    role == other.role && node == other.node && model == other.model && hardware == other.hardware
      && tpSize == other.tpSize && memoryUtilization == other.memoryUtilization
      && limits == other.limits && kvBlocks == other.kvBlocks && platform == other.platform
  }
}
