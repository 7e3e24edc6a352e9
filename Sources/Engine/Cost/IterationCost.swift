/// The cost model of one instance. An enumeration rather than an existential: the call is in the hottest loop.
public enum IterationCost: CostModel {
  case linear(LinearCost)
  case profile(ProfileCost)
  case analytic(AnalyticCost)
  case platform(PlatformCost)

  public var summary: String {
    switch self {
    case .linear(let model): model.summary
    case .profile(let model): model.summary
    case .analytic(let model): model.summary
    case .platform(let model): model.summary
    }
  }

  public var usesContextExtremes: Bool {
    switch self {
    case .linear(let model): model.usesContextExtremes
    case .profile(let model): model.usesContextExtremes
    case .analytic(let model): model.usesContextExtremes
    case .platform(let model): model.usesContextExtremes
    }
  }

  public func writeEnds(
    of shape: IterationShape, from start: SimTime, to ends: UnsafeMutableBufferPointer<SimTime>
  ) {
    switch self {
    case .linear(let model): model.writeEnds(of: shape, from: start, to: ends)
    case .profile(let model): model.writeEnds(of: shape, from: start, to: ends)
    case .analytic(let model): model.writeEnds(of: shape, from: start, to: ends)
    case .platform(let model): model.writeEnds(of: shape, from: start, to: ends)
    }
  }

  /// The accelerator alone, without what a platform adds.
  public var kernels: IterationCost {
    if case .platform(let model) = self { model.device } else { self }
  }

  public func iterationTime(_ shape: IterationShape) -> SimDuration {
    switch self {
    case .linear(let model): model.iterationTime(shape)
    case .profile(let model): model.iterationTime(shape)
    case .analytic(let model): model.iterationTime(shape)
    case .platform(let model): model.iterationTime(shape)
    }
  }
}

/// A cost model that someone else keeps alive. Asking it counts no references, as asking an `IterationCost` does.
struct BorrowedCost {
  let usesContextExtremes: Bool
  private let model: UnsafePointer<IterationCost>
  private let analytic: Unmanaged<AnalyticCost>?

  init(_ model: UnsafePointer<IterationCost>) {
    self.model = model
    usesContextExtremes = model.pointee.usesContextExtremes
    analytic = if case .analytic(let cost) = model.pointee { .passUnretained(cost) } else { nil }
  }

  @inline(__always)
  func writeEnds(
    of shape: IterationShape, from start: SimTime, to ends: UnsafeMutableBufferPointer<SimTime>
  ) {
    guard let analytic else { return model.pointee.writeEnds(of: shape, from: start, to: ends) }
    analytic._withUnsafeGuaranteedRef { $0.writeEnds(of: shape, from: start, to: ends) }
  }

  @inline(__always)
  func iterationTime(_ shape: IterationShape) -> SimDuration {
    guard let analytic else { return model.pointee.iterationTime(shape) }
    return analytic._withUnsafeGuaranteedRef { $0.iterationTime(shape) }
  }
}
