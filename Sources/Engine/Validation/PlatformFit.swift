/// Fits quantities of a platform to measured runs, and judges the result on requests that were not fitted.
///
/// Every candidate serves whole runs; only some of the requests count for the fit. Deterministic.
public struct PlatformFit: Sendable {
  /// A measured run, and what it is simulated with.
  public struct Subject: Sendable {
    public var name: String
    public var run: MeasuredRun
    /// Without platforms.
    public var cluster: ClusterSpec
    /// Of kernels alone, one for each instance.
    public var kernels: [IterationCost]

    public init(
      name: String, run: MeasuredRun, cluster: ClusterSpec, kernels: [IterationCost]
    ) {
      self.name = name
      self.run = run
      self.cluster = cluster
      self.kernels = kernels
    }
  }

  /// Which requests of a run: the first, third, … or the others, in order of arrival.
  public enum Part: String, Sendable, CaseIterable {
    case all, odd, even

    func contains(_ index: Int) -> Bool {
      switch self {
      case .all: true
      case .odd: index % 2 == 0
      case .even: index % 2 == 1
      }
    }
  }

  /// Relative errors of one statistic, (simulated - measured) / measured.
  public struct Errors: Sendable, Equatable {
    public var name: String
    public var mean: Double
    public var p99: Double
  }

  public var base: PlatformSpec
  /// Fitted, all others stay as `base` has them.
  public var quantities: [PlatformSpec.Quantity]

  public init(base: PlatformSpec, quantities: [PlatformSpec.Quantity]) {
    self.base = base
    self.quantities = quantities
  }

  /// Where the search begins for a quantity that the platform leaves out, in µs. Guess: an order of magnitude.
  private static let start = 100.0

  /// How far the first simplex of each search reaches, as a fraction of where it begins. A simplex that has shrunk on a
  /// ledge of a function that jumps finds out when it begins anew from there. Guess: the fits of tests end within these.
  private static let reaches = [2, 1, 0.5, 0.2]

  /// The base platform with quantities fitted to one part of each subject's requests.
  public func fitted(to subjects: [Subject], _ part: Part) throws(SimulationError) -> PlatformSpec {
    let start = quantities.map { base[keyPath: $0.path] > 0 ? base[keyPath: $0.path] : Self.start }
    let search = SimplexSearch(
      lower: quantities.map(\.range.lowerBound), upper: quantities.map(\.range.upperBound))
    func loss(_ values: [Double]) throws(SimulationError) -> Double {
      var loss = 0.0
      for subject in subjects {
        loss += Self.loss(
          subject.run.served, try Self.simulated(subject, platform(values)), part)
      }
      return loss
    }
    var best = start
    for reach in Self.reaches {
      best = try search.minimize(
        from: best, step: zip(best, start).map { reach * max($0, 0.1 * $1) }, loss)
    }
    return platform(best)
  }

  private func platform(_ values: [Double]) -> PlatformSpec {
    var platform = base
    for (quantity, value) in zip(quantities, values) {
      // Tenths of a microsecond: more would suggest a precision that is not there.
      platform[keyPath: quantity.path] = (value * 10).rounded() / 10
    }
    return platform
  }

  /// Errors of TTFT, TPOT and latency over one part of a subject's requests.
  public static func errors(
    of platform: PlatformSpec, on subject: Subject, _ part: Part
  ) throws(SimulationError) -> [Errors] {
    let simulated = try simulated(subject, platform)
    return quantitiesOfServed.map { name, value in
      let (a, b) = pairs(subject.run.served, simulated, part, value)
      let measured = Distribution(ofNanoseconds: a)
      let model = Distribution(ofNanoseconds: b)
      func error(_ statistic: KeyPath<Distribution, Double>) -> Double {
        guard let measured, let model else { return .nan }
        return model[keyPath: statistic] / measured[keyPath: statistic] - 1
      }
      return Errors(name: name, mean: error(\.mean), p99: error(\.p99))
    }
  }

  // MARK: One simulation

  /// Moments of each request, in the order of the run; nil for those that were not finished.
  private static func simulated(
    _ subject: Subject, _ platform: PlatformSpec
  ) throws(SimulationError) -> [ServedRequest?] {
    var cluster = subject.cluster
    var costs: [IterationCost] = []
    for index in cluster.instances.indices {
      cluster.instances[index].platform = platform
      costs.append(
        .platform(
          PlatformCost(
            device: subject.kernels[index], platform: platform, instance: cluster.instances[index]))
      )
    }
    let result = try Simulation.run(
      Scenario(cluster: cluster, costs: costs, workload: subject.run.workload))
    return result.records.map { $0.outcome == .finished ? ServedRequest($0) : nil }
  }

  private static let quantitiesOfServed:
    [(name: String, value: @Sendable (ServedRequest) -> Double?)] = [
      ("TTFT", { $0.timeToFirstToken }), ("TPOT", { $0.timePerOutputToken }),
      ("Latency", { $0.latency }),
    ]

  private static func pairs(
    _ measured: [ServedRequest], _ simulated: [ServedRequest?], _ part: Part,
    _ value: (ServedRequest) -> Double?
  ) -> (ContiguousArray<Double>, ContiguousArray<Double>) {
    var a: ContiguousArray<Double> = []
    var b: ContiguousArray<Double> = []
    for (index, (real, model)) in zip(measured, simulated).enumerated() where part.contains(index) {
      guard let model, let x = value(real), let y = value(model) else { continue }
      a.append(x)
      b.append(y)
    }
    return (a, b)
  }

  /// For each of TTFT, TPOT and latency: the squared error of the mean, and the squared mean distance of requests.
  private static func loss(
    _ measured: [ServedRequest], _ simulated: [ServedRequest?], _ part: Part
  ) -> Double {
    quantitiesOfServed.reduce(0) { loss, quantity in
      let (a, b) = pairs(measured, simulated, part, quantity.value)
      let sum = a.reduce(0, +)
      guard sum > 0 else { return loss }
      let bias = b.reduce(0, +) / sum - 1
      let distance = zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } / sum
      return loss + bias * bias + distance * distance
    }
  }
}
