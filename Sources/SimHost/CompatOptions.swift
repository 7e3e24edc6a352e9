import ArgumentParser
import Engine

/// Whose rules a run follows instead of our own.
struct CompatOptions: ParsableArguments {
  enum Mode: String, ExpressibleByArgument, CaseIterable { case llmservingsim }

  @Option(
    help:
      "Follow the rules of another simulator to the nanosecond, weaknesses included: llmservingsim."
  )
  var compat: Mode?

  @Option(help: "With --compat llmservingsim: LOAD, RR or RAND. (default: LOAD)")
  var requestRoutingPolicy: ReferenceRouting?

  func validate() throws {
    if compat == nil, requestRoutingPolicy != nil {
      throw ValidationError(
        "--request-routing-policy belongs to --compat llmservingsim; without it, give a --policy")
    }
  }

  /// Refuses what has no meaning by those rules.
  func check(profileFolder: String?, policies: PolicyOptions, stepByStep: Bool) throws {
    guard compat != nil else { return }
    if !policies.policy.isEmpty || policies.oracle {
      throw ValidationError(
        "--policy cannot be combined with --compat llmservingsim, whose decisions are fixed;"
          + " choose with --request-routing-policy LOAD, RR or RAND")
    }
    if profileFolder == nil {
      throw ValidationError(
        "--compat llmservingsim needs --profile-dir: LLMServingSim takes times from profiles only")
    }
    if stepByStep {
      throw ValidationError("--step-by-step cannot be combined with --compat llmservingsim")
    }
  }

  /// Refuses instances with a platform, and other transfers: by those rules, kernels are all that takes time.
  func check(_ cluster: ClusterSpec) throws(InputError) {
    guard cluster.kvTransfer == KVTransferSpec() else {
      throw InputError(
        file: cluster.source, key: "kv_transfer",
        problem: "is \(cluster.kvTransfer.summary), which LLMServingSim knows nothing of",
        expected: "no kv_transfer with --compat llmservingsim, which has a hand-off of its own")
    }
    guard cluster.network == nil else {
      throw InputError(
        file: cluster.source, key: "network",
        problem: "is described, and LLMServingSim knows one link",
        expected: "no network with --compat llmservingsim")
    }
    guard cluster.kvTiers == nil else {
      throw InputError(
        file: cluster.source, key: "kv_tiers",
        problem: "is there, and this mode keeps KV blocks on accelerators alone",
        expected: "no kv_tiers with --compat llmservingsim")
    }
    guard let instance = cluster.instances.first(where: { $0.platform != nil }) else { return }
    throw InputError(
      file: cluster.source, key: "platform",
      problem: "\(instance.name) has one, which LLMServingSim knows nothing of",
      expected: "no --platform and no platform in the cluster with --compat llmservingsim")
  }

  var routing: ReferenceRouting { requestRoutingPolicy ?? .load }

  /// What stands in the place of a policy in reports.
  var description: PolicyDescription {
    PolicyDescription(
      name: "LLMServingSim 2.0",
      parameters: [PolicyDescription.Parameter(name: "routing", value: routing.rawValue)])
  }
}

extension ReferenceRouting: ExpressibleByArgument {
  public init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}
