/// Fits the analytic model's coefficients to profile bundles, and says how well it worked.
///
/// Samples are iterations of five kinds, drawn anew for the fit and for the check; the truth is what the bundle says of
/// them. Errors in reports are of the check. Deterministic: the same bundles give the same coefficients.
public struct Calibration: Sendable {
  /// One measured combination of model and tensor-parallel degree.
  public struct Subject: Sendable {
    public var instance: InstanceSpec
    public var link: LinkSpec
    public var profile: ProfileCost

    /// Reads the bundle of `model` under `profileDirectory`.
    ///
    /// Collectives are not in profiles: both models compute them alike, here over an ideal link.
    public init(
      profileDirectory: String, hardware: HardwareSpec, model: ModelSpec, tpSize: Int
    ) throws(InputError) {
      instance = Calibration.instance(model: model, hardware: hardware, tpSize: tpSize)
      link = LinkSpec(bandwidth: 1e9, latency: .zero)
      // Host memory so fast that loading token ids takes no time: not part of the accelerator.
      let host = MemorySpec(sizeGiB: 1, bandwidth: 1e9, latency: 0)
      profile = try CostSelection.profile(
        instance, cpuMemory: host, link: link, profileDirectory: profileDirectory,
        rules: .native)
    }
  }

  /// Relative errors over the samples of one kind.
  public struct Errors: Sendable, Equatable {
    public var regime: CalibrationRegime
    public var samples: Int
    /// Of the magnitude.
    public var mean: Double
    public var median: Double
    public var p90: Double
    public var maximum: Double
    /// Median with sign; positive is too slow.
    public var bias: Double
  }

  public var hardware: HardwareSpec
  public var subjects: [Subject]
  /// Samples of each kind for each subject, once for the fit and once for the check.
  public var samplesPerRegime = 200

  static let fitSeed: UInt64 = 1
  static let checkSeed: UInt64 = 2

  /// An instance of these accelerators, as far as times of iterations go.
  static func instance(model: ModelSpec, hardware: HardwareSpec, tpSize: Int) -> InstanceSpec {
    let sheet = hardware.dataSheet
    return InstanceSpec(
      name: "\(model.name) tp\(tpSize)", node: 0, role: .mixed, model: model,
      hardware: hardware.name,
      npuMemory: MemorySpec(
        sizeGiB: sheet.memoryGiB, bandwidth: sheet.memoryBandwidth, latency: 0),
      tpSize: tpSize)
  }

  public init(hardware: HardwareSpec, subjects: [Subject]) {
    self.hardware = hardware
    self.subjects = subjects
  }

  /// Coefficients fitted to all subjects.
  public func fitted() -> AnalyticCoefficients { fitted(to: subjects) }

  /// Coefficients fitted to some of them.
  public func fitted(to subjects: [Subject]) -> AnalyticCoefficients {
    let shapes = CalibrationRegime.allCases.flatMap {
      $0.shapes(count: samplesPerRegime, seed: Self.fitSeed)
    }
    let samples = subjects.map { subject in
      Samples(
        instance: subject.instance, link: subject.link, shapes: shapes,
        seconds: shapes.map { subject.profile.iterationTime($0).seconds })
    }
    return Self.fitted(hardware, to: samples).coefficients
  }

  /// Errors of `coefficients` on samples that no fit has seen, over all these subjects together.
  public func check(
    _ coefficients: AnalyticCoefficients, on subjects: [Subject]
  ) -> [Errors] {
    var candidate = hardware
    candidate.coefficients = coefficients
    return CalibrationRegime.allCases.map { regime in
      let shapes = regime.shapes(count: samplesPerRegime, seed: Self.checkSeed)
      var errors: [Double] = []
      for subject in subjects {
        let cost = AnalyticCost(
          hardware: candidate, instance: subject.instance, link: subject.link)
        errors += shapes.map {
          cost.seconds($0) / subject.profile.iterationTime($0).seconds - 1
        }
      }
      return Errors(regime: regime, errors: errors)
    }
  }
}

extension Calibration.Errors {
  init(regime: CalibrationRegime, errors: [Double]) {
    let sizes = errors.map(abs).sorted()
    self.init(
      regime: regime, samples: sizes.count,
      mean: sizes.reduce(0, +) / Double(max(1, sizes.count)), median: sizes.quantile(0.5),
      p90: sizes.quantile(0.9), maximum: sizes.last ?? 0, bias: errors.sorted().quantile(0.5))
  }
}

extension [Double] {
  /// Linear interpolation between neighbours of a sorted array.
  fileprivate func quantile(_ q: Double) -> Double {
    guard let last = indices.last else { return 0 }
    let place = q * Double(last)
    let low = Int(place)
    return self[low] + (place - Double(low)) * (self[Swift.min(low + 1, last)] - self[low])
  }
}
