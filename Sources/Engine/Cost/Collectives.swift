/// Ring all-reduce among the accelerators of one tensor-parallel instance.
///
/// Each of 2(N − 1) steps sends 1/N of the message to the neighbour; the first N − 1 also add what arrives to what is
/// there, which costs two reads and one write of accelerator memory. Rings of different instances never meet.
///
/// Source: the algorithm is Patarasuk and Yuan 2009, https://doi.org/10.1016/j.jpdc.2008.09.002; the rounding of each
/// step and the endpoint delay are those of ASTRA-sim's analytical network, https://github.com/astra-sim/astra-sim.
public struct RingAllReduce: Sendable, Equatable {
  /// Accelerators in the ring; 1 makes every all-reduce free.
  public var ranks: Int
  public var link: LinkSpec
  /// Accelerator memory bandwidth, 10^9 bytes/s.
  public var memoryBandwidth: Double

  /// Handling of one message at one end, in nanoseconds. Source: ASTRA-sim's default endpoint delay.
  static let endpointDelay = 10.0

  public init(ranks: Int, link: LinkSpec, memoryBandwidth: Double) {
    self.ranks = ranks
    self.link = link
    self.memoryBandwidth = memoryBandwidth
  }

  /// Duration in nanoseconds of reducing `bytes` on every rank; saturates, never traps.
  public func nanoseconds(bytes: Double) -> Int64 {
    guard ranks > 1 else { return 0 }
    let steps = Double(ranks - 1)
    let message = (max(bytes, Double(ranks)) / Double(ranks)).rounded(.down)
    let send = (Double(link.latency.nanoseconds) + message / link.bytesPerNanosecond)
      .rounded(.down)
    let reduce = 3 * (message / (memoryBandwidth * 1e9) * 1e9).rounded(.down)
    let total = 2 * steps * send + (2 * steps + 1) * Self.endpointDelay + steps * reduce
    return Int64(exactly: total.rounded(.down)) ?? ProfileLimits.longest
  }

  /// The part of an all-reduce that does not depend on its size, without the rounding of steps.
  public var fixedSeconds: Double {
    guard ranks > 1 else { return 0 }
    let steps = 2 * Double(ranks - 1)
    return (steps * Double(link.latency.nanoseconds) + (steps + 1) * Self.endpointDelay) * 1e-9
  }

  /// What each byte adds, without the rounding of steps.
  public var secondsPerByte: Double {
    guard ranks > 1 else { return 0 }
    let steps = Double(ranks - 1)
    let share = 1 / Double(ranks)
    return steps * share * (2 / (link.bytesPerNanosecond * 1e9) + 3 / (memoryBandwidth * 1e9))
  }
}

/// Bounds that keep sums of profiled times inside 64 bits whatever a profile says.
enum ProfileLimits {
  /// Longest time of one lookup in nanoseconds, a little over an hour: 2^16 layers of thirty such kernels still fit.
  static let longest: Int64 = 4_000_000_000_000
  /// Most layers of a model that such sums allow.
  static let layers = 1 << 16

  /// A time in nanoseconds as whole, between 1 and `longest`; fractions are dropped.
  @inlinable static func whole(_ nanoseconds: Double) -> Int64 {
    // Written so that NaN ends at 1, too.
    nanoseconds > 1 ? Int64(min(nanoseconds, 4e12)) : 1
  }
}
