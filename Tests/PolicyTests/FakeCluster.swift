import Engine
import Foundation

/// A cluster made by hand: what policies see is what a test wrote.
final class FakeCluster: PolicyWorld {
  var now = SimTime(nanoseconds: 2_500_000_000)
  var gatewayWaiting = 0
  var facts: [InstanceFacts] = []
  var views: [InstanceView] = []
  var waitingQueues: [ContiguousArray<RequestRef>] = []
  var runningSets: [ContiguousArray<RequestRef>] = []
  var requests: [RequestRef: RequestView] = [:]
  var ends: [RequestID: SimTime] = [:]
  var sessions: [RequestID: String] = [:]
  var hits: [Int] = []
  var contents: [RequestID: [UInt32]] = [:]
  /// Counts of changes that the bridge is told; empty where it is to look anew at each call.
  var versions: ContiguousArray<UInt32> = []
  var holds = SimTime.never
  /// How often instance state was asked for: fields of one instance share one question in a call.
  var instanceQuestions = 0

  init(_ roles: [InstanceRole]) {
    var counts: [InstanceRole: Int] = [:]
    for role in roles {
      let place = counts[role, default: 0]
      counts[role] = place + 1
      facts.append(
        InstanceFacts(
          name: "\(role.rawValue)/\(place)", role: role, node: 0, model: "test/model",
          hardware: "TEST", tpSize: 1, ppSize: 1, kvCapacityTokens: 1000, maxNumSeqs: 4,
          maxNumBatchedTokens: 100, blockSize: 10))
      var view = InstanceView()
      view.kvFreeTokens = 1000
      views.append(view)
      waitingQueues.append([])
      runningSets.append([])
      hits.append(0)
    }
  }

  /// Two prefill and two decode instances.
  static func split() -> FakeCluster { FakeCluster([.prefill, .prefill, .decode, .decode]) }

  func addRequest(_ id: Int, slot: Int? = nil, _ change: (inout RequestView) -> Void = { _ in })
    -> RequestRef
  {
    let ref = RequestRef(slot: Int32(slot ?? id), id: RequestID(id))
    var view = RequestView()
    view.arrival = SimTime(nanoseconds: 1_000_000_000)
    view.promptTokens = 100
    view.remainingPromptTokens = 100
    view.predictedOutputTokens = 50
    view.outputTokens = 77
    change(&view)
    requests[ref] = view
    return ref
  }

  var instanceCount: Int { facts.count }
  func instanceView(_ id: InstanceID) -> InstanceView {
    instanceQuestions += 1
    return views[Int(id.index)]
  }
  /// A copy for this call; leaked, since C reads it during the call.
  var viewVersions: UnsafePointer<UInt32>? {
    guard !versions.isEmpty else { return nil }
    let copy = UnsafeMutablePointer<UInt32>.allocate(capacity: versions.count)
    for (index, version) in versions.enumerated() { copy[index] = version }
    return UnsafePointer(copy)
  }
  func viewHolds(_ id: InstanceID) -> SimTime { holds }
  func content(_ request: RequestRef) -> ArraySlice<UInt32> {
    contents[request.id, default: []][...]
  }
  func instanceFacts(_ id: InstanceID) -> InstanceFacts { facts[Int(id.index)] }
  func requestView(_ request: RequestRef) -> RequestView? { requests[request] }
  func endOfRequest(_ id: RequestID) -> SimTime? { ends[id] }
  func sessionName(_ request: RequestRef) -> String? { sessions[request.id] }
  func waiting(_ id: InstanceID) -> ContiguousArray<RequestRef> { waitingQueues[Int(id.index)] }
  func running(_ id: InstanceID) -> ContiguousArray<RequestRef> { runningSets[Int(id.index)] }
  func prefixHitTokens(_ request: RequestRef, _ id: InstanceID) -> Int { hits[Int(id.index)] }
  func estimatePrefill(_ request: RequestRef, _ id: InstanceID) -> SimDuration {
    SimDuration(nanoseconds: Int64(views[Int(id.index)].waitingPromptTokens) * 1_000_000)
  }
  func estimateStep(_ id: InstanceID, prefillTokens: Int, decodeSeqs: Int, contextTokens: Int)
    -> SimDuration
  {
    SimDuration(nanoseconds: Int64(prefillTokens * 1000 + decodeSeqs * 100 + contextTokens))
  }
  func transferTime(_ request: RequestRef, from: InstanceID, to: InstanceID) -> SimDuration {
    SimDuration(nanoseconds: from == to ? 0 : 5_000_000)
  }
}

/// A step on one instance of a `FakeCluster`: token budget, request limit and free tokens, no more.
final class FakeStep: PolicyStep {
  let cluster: FakeCluster
  let instance: InstanceID
  let budget: Int
  var tokens = 0
  var scheduled: [(request: RequestRef, tokens: Int)] = []
  var preempted: [RequestRef] = []
  var log: [String] = []

  init(_ cluster: FakeCluster, _ instance: InstanceID) {
    self.cluster = cluster
    self.instance = instance
    budget = cluster.facts[Int(instance.index)].maxNumBatchedTokens
  }

  private var at: Int { Int(instance.index) }
  var seqs: Int { scheduled.count }
  private func isScheduled(_ request: RequestRef) -> Bool {
    scheduled.contains { $0.request == request }
  }
  private func take(_ request: RequestRef, _ count: Int, _ what: String) {
    tokens += count
    cluster.views[at].kvFreeTokens -= count
    scheduled.append((request, count))
    log.append("\(what) \(request.id.index) \(count)")
  }

  func canAllocate(_ request: RequestRef, tokens: Int) -> Bool {
    tokens <= cluster.views[at].kvFreeTokens
  }

  func decode(_ request: RequestRef) -> StepRefusal? {
    guard let view = cluster.requests[request] else { return .ended }
    if !cluster.runningSets[at].contains(request) { return .notRunning }
    if isScheduled(request) { return .alreadyScheduled }
    if view.remainingPromptTokens > 0 { return .stillPrompt }
    if tokens + 1 > budget { return .overBudget }
    if !canAllocate(request, tokens: 1) { return .noBlocks }
    take(request, 1, "decode")
    return nil
  }

  func decodeAll() -> (taken: Int, left: Int) {
    var taken = 0
    for request in cluster.runningSets[at] {
      guard decode(request) == nil else { break }
      taken += 1
    }
    return (taken, cluster.runningSets[at].count - taken)
  }

  func prefill(_ request: RequestRef, tokens count: Int) -> StepRefusal? {
    guard var view = cluster.requests[request] else { return .ended }
    if isScheduled(request) { return .alreadyScheduled }
    let place = cluster.waitingQueues[at].firstIndex(of: request)
    if place == nil, !cluster.runningSets[at].contains(request) { return .notRunning }
    if view.remainingPromptTokens == 0 { return .promptDone }
    if count > view.remainingPromptTokens { return .badTokens }
    if tokens + count > budget { return .overBudget }
    if place != nil, cluster.runningSets[at].count >= cluster.facts[at].maxNumSeqs {
      return .tooManySeqs
    }
    if !canAllocate(request, tokens: count) { return .noBlocks }
    if let place {
      cluster.waitingQueues[at].remove(at: place)
      cluster.runningSets[at].append(request)
    }
    view.remainingPromptTokens -= count
    view.computedTokens += count
    cluster.requests[request] = view
    take(request, count, "prefill")
    return nil
  }

  func preempt(_ request: RequestRef) -> StepRefusal? {
    guard var view = cluster.requests[request] else { return .ended }
    guard let place = cluster.runningSets[at].firstIndex(of: request) else { return .notRunning }
    if isScheduled(request) { return .alreadyScheduled }
    cluster.runningSets[at].remove(at: place)
    cluster.waitingQueues[at].insert(request, at: 0)
    cluster.views[at].kvFreeTokens += view.contextTokens
    view.remainingPromptTokens = view.contextTokens
    view.computedTokens = 0
    cluster.requests[request] = view
    preempted.append(request)
    log.append("preempt \(request.id.index)")
    return nil
  }

  var now: SimTime { cluster.now }
  var instanceCount: Int { cluster.instanceCount }
  var gatewayWaiting: Int { cluster.gatewayWaiting }
  func instanceView(_ id: InstanceID) -> InstanceView {
    var view = cluster.instanceView(id)
    view.waitingCount = cluster.waitingQueues[Int(id.index)].count
    view.runningCount = cluster.runningSets[Int(id.index)].count
    return view
  }
  func instanceFacts(_ id: InstanceID) -> InstanceFacts { cluster.instanceFacts(id) }
  func requestView(_ request: RequestRef) -> RequestView? { cluster.requestView(request) }
  func endOfRequest(_ id: RequestID) -> SimTime? { cluster.endOfRequest(id) }
  func sessionName(_ request: RequestRef) -> String? { cluster.sessionName(request) }
  func waiting(_ id: InstanceID) -> ContiguousArray<RequestRef> { cluster.waiting(id) }
  func running(_ id: InstanceID) -> ContiguousArray<RequestRef> { cluster.running(id) }
  func prefixHitTokens(_ request: RequestRef, _ id: InstanceID) -> Int {
    cluster.prefixHitTokens(request, id)
  }
  func estimatePrefill(_ request: RequestRef, _ id: InstanceID) -> SimDuration {
    cluster.estimatePrefill(request, id)
  }
  func estimateStep(_ id: InstanceID, prefillTokens: Int, decodeSeqs: Int, contextTokens: Int)
    -> SimDuration
  {
    cluster.estimateStep(
      id, prefillTokens: prefillTokens, decodeSeqs: decodeSeqs, contextTokens: contextTokens)
  }
  func transferTime(_ request: RequestRef, from: InstanceID, to: InstanceID) -> SimDuration {
    cluster.transferTime(request, from: from, to: to)
  }
}

/// Folder of this test run; removed by the system.
let scratchFolder: String = {
  let folder =
    NSTemporaryDirectory() + "simhost-policy-tests-\(ProcessInfo.processInfo.processIdentifier)"
  try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  return folder
}()

/// Writes a file for one test, under a folder of its own, and returns its path.
func write(_ text: String, as name: String, in folder: String = UUID().uuidString) -> String {
  let directory = scratchFolder + "/" + folder
  try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  let path = directory + "/" + name
  _ = FileManager.default.createFile(atPath: path, contents: Data(text.utf8))
  return path
}

/// Loads a policy from its text.
func load(
  _ text: String, _ parameters: [(String, String)] = [],
  options: LuaPolicyOptions = LuaPolicyOptions()
) throws(PolicyError) -> LuaPolicy {
  try LuaPolicy.load(
    files: [write(text, as: "policy.lua")], parameters: parameters, options: options)
}

/// Loads a policy whose only hook is `route`, with this body.
func router(_ body: String, options: LuaPolicyOptions = LuaPolicyOptions()) throws(PolicyError)
  -> LuaPolicy
{
  try load(
    "return { api = 1, route = function(request, candidates, cluster)\n\(body)\nend }",
    options: options)
}

/// What loading or asking raises; nil when nothing is raised.
func policyError(_ body: () throws -> Void) -> PolicyError? {
  do {
    try body()
    return nil
  } catch {
    return error as? PolicyError
  }
}

extension LuaPolicy {
  /// Routes `request` over all prefill instances of the cluster, or over those given.
  mutating func ask(
    _ cluster: FakeCluster, _ request: RequestRef, _ candidates: [Int] = [0, 1],
    stage: RequestStage = .prefill
  ) throws(PolicyError) -> Int {
    Int(
      try route(
        request, candidates: ContiguousArray(candidates.map { InstanceID($0) }), stage: stage,
        cluster
      ).instance.index)
  }
}
