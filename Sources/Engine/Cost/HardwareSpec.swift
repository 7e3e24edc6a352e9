/// An accelerator as `configs/hardware/<name>.json` describes it.
public struct HardwareSpec: Sendable, Equatable {
  /// File it came from, for messages.
  public var source: String
  public var name: String
  public var dataSheet: DataSheet
  public var coefficients: AnalyticCoefficients
  public var calibration: Calibration

  /// What the maker publishes.
  public struct DataSheet: Sendable, Equatable {
    /// Links, and remarks on how the numbers were read.
    public var source: String
    /// Dense (without sparsity), 10^12 operations a second.
    public var bf16Teraflops: Double
    /// Of fp8 or int8; nil where such weights are computed in 16 bits.
    public var eightBitTeraflops: Double?
    /// 10^9 bytes a second.
    public var memoryBandwidth: Double
    public var memoryGiB: Double
    /// Last-level cache, 10^6 bytes.
    public var cacheMegabytes: Double
    /// Streaming multiprocessors or compute units.
    public var multiprocessors: Double
    /// Links between accelerators, both directions together, 10^9 bytes a second; nil is PCIe only. For the reader:
    /// collectives run over the cluster's `link_bw`.
    public var nvlinkBandwidth: Double?

    public init(
      source: String, bf16Teraflops: Double, eightBitTeraflops: Double? = nil,
      memoryBandwidth: Double, memoryGiB: Double, cacheMegabytes: Double, multiprocessors: Double,
      nvlinkBandwidth: Double? = nil
    ) {
      self.source = source
      self.bf16Teraflops = bf16Teraflops
      self.eightBitTeraflops = eightBitTeraflops
      self.memoryBandwidth = memoryBandwidth
      self.memoryGiB = memoryGiB
      self.cacheMegabytes = cacheMegabytes
      self.multiprocessors = multiprocessors
      self.nvlinkBandwidth = nvlinkBandwidth
    }

    /// Peak operations a second on weights of this format.
    func flops(_ format: NumberFormat) -> Double {
      switch format {
      case .float16, .bfloat16: bf16Teraflops * 1e12
      case .fp8, .int8: (eightBitTeraflops ?? bf16Teraflops) * 1e12
      // TensorFloat-32 runs at half the rate of 16 bits on all of these.
      case .float32: bf16Teraflops * 0.5e12
      }
    }
  }

  /// Where the coefficients come from.
  public struct Calibration: Sendable, Equatable {
    public enum Origin: String, Sendable, CaseIterable { case measured, guess }
    public var origin: Origin
    /// What they were fitted on, or why they were guessed so.
    public var note: String
    /// How well they fit, a line for each set of samples.
    public var errors: [String]

    public init(origin: Origin, note: String, errors: [String] = []) {
      self.origin = origin
      self.note = note
      self.errors = errors
    }

    /// Of an accelerator of which only the data sheet is known.
    public static let usual = Calibration(
      origin: .guess, note: "Rounded from kernel times in profiles of RTXPRO6000.")
  }

  public init(
    source: String, name: String, dataSheet: DataSheet, coefficients: AnalyticCoefficients,
    calibration: Calibration
  ) {
    self.source = source
    self.name = name
    self.dataSheet = dataSheet
    self.coefficients = coefficients
    self.calibration = calibration
  }
}
