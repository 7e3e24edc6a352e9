/// Arrival times drawn from a process, in order.
///
/// Gaps are drawn with mean 1 and laid along the integral of the rate: a piece of rate r takes up r
/// gaps a second. So bursts keep their shape when the rate changes, and Poisson gaps give a Poisson
/// process of changing rate. The first arrival comes after one gap.
struct ArrivalTimes {
  private let process: ArrivalProcess
  private var random: RandomStream
  /// Seconds, and the piece they are in.
  private var now = 0.0
  private var piece = 0

  init(_ process: ArrivalProcess, seed: UInt64) {
    self.process = process
    random = RandomStream(seed: seed, name: "workload arrivals")
  }

  /// The next arrival; nil when none comes within 100 years.
  mutating func next() -> SimTime? {
    var gap = nextGap()
    while true {
      let end = piece + 1 < process.pieces.count ? process.pieces[piece + 1].start : .infinity
      let rate = process.pieces[piece].rate
      if rate > 0, let time = spend(&gap, rate, until: end) {
        now = max(now, time)
        let nanoseconds = (now * 1e9).rounded()
        guard nanoseconds <= Double(WorkloadBuilder.maxTime) else { return nil }
        return SimTime(nanoseconds: Int64(nanoseconds))
      }
      guard end.isFinite else { return nil }
      now = end
      piece += 1
    }
  }

  private mutating func nextGap() -> Double {
    switch process.gaps {
    case .constant: 1
    case .gamma(1): random.nextExponential()
    case .gamma(let shape): random.nextGamma(shape: shape) / shape
    }
  }

  /// Spends `gap` at `rate` from now on; nil where `end` comes first, with what is left in `gap`.
  private func spend(_ gap: inout Double, _ rate: Double, until end: Double) -> Double? {
    guard let pulse = process.pulse, pulse.off > 0 else {
      let time = now + gap / rate
      if time < end { return time }
      gap = max(0, gap - (end - now) * rate)
      return nil
    }
    // The clock of the time with arrivals: whole pulses, and what has passed of the present one.
    let active = activeTime(at: now, pulse)
    let target = active + gap / rate
    if target < activeTime(at: end, pulse) {
      let pulses = (target / pulse.on).rounded(.down)
      return pulses * (pulse.on + pulse.off) + (target - pulses * pulse.on)
    }
    gap = max(0, gap - (activeTime(at: end, pulse) - active) * rate)
    return nil
  }

  private func activeTime(at time: Double, _ pulse: ArrivalProcess.Pulse) -> Double {
    guard time.isFinite else { return .infinity }
    let pulses = (time / (pulse.on + pulse.off)).rounded(.down)
    return pulses * pulse.on + min(pulse.on, time - pulses * (pulse.on + pulse.off))
  }
}
