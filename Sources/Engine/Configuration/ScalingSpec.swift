/// What it takes to start an instance that was off: `scaling` of a cluster file.
public struct ScalingSpec: Sendable, Equatable {
  /// Process, graphs, registration: until the weights are there, and after.
  /// guess: servers of this size take from 20 s to some minutes
  public var startup = SimDuration(nanoseconds: 30_000_000_000)
  /// GiB/s of weights that each accelerator loads. guess: one NVMe drive
  public var loadBandwidth = 5.0

  public init() {}

  /// From the decision until an instance takes requests.
  func duration(weightBytes: Int) -> SimDuration {
    startup
      + SimDuration(roundingUp: Double(weightBytes) / (loadBandwidth * 1_073_741_824))
  }
}

extension ScalingSpec {
  init(_ node: JSONNode) throws(InputError) {
    let object = try node.object(keys: ["startup_s", "load_bw"])
    if let startup = object.present("startup_s") {
      self.startup = SimDuration(
        nanoseconds: Int64(
          (try startup.number(0...1e6, "a number of seconds from 0 to 1e6") * 1e9).rounded()))
    }
    if let bandwidth = object.present("load_bw") { loadBandwidth = try bandwidth.bandwidth() }
  }
}
