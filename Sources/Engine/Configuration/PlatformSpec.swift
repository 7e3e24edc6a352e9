/// What a serving engine and its host add to the kernels of an accelerator, and what they take of its memory.
///
/// Every quantity is off when its file leaves it out: a platform of nothing changes nothing. Values belong to one engine
/// on one kind of host; the file says for each of them whether it was measured, published or guessed.
public struct PlatformSpec: Sendable, Equatable {
  /// File that it came from, for messages.
  public var source: String
  public var name: String
  /// What it stands for, in a sentence.
  public var note: String
  /// Where each quantity comes from, by key, in the order of the file.
  public var origins: [Origin] = []

  /// The next batch is chosen when an iteration begins, not when it has ended, so that the host works while the
  /// accelerator does. Source: vLLM's `async_scheduling`, https://docs.vllm.ai/en/latest/configuration/engine_args/.
  public var schedulesAsynchronously = false
  /// Host time of an iteration: choosing the batch, preparing its inputs, working off its outputs. In µs. Asynchronous
  /// scheduling hides it as far as the accelerator is busy for longer.
  public var hostIteration = 0.0
  /// Host time for each request of an iteration, in µs.
  public var hostSequence = 0.0
  /// Host time for each request of an iteration to turn its token into text, in µs.
  public var detokenization = 0.0
  /// Time in which the accelerator stands still between two iterations whatever the host does, in µs.
  public var launchGap = 0.0
  /// Time that each layer takes longer in an iteration with prompts, in µs: its kernels are launched one by one, where an
  /// iteration of decode requests alone replays one graph.
  public var eagerLayer = 0.0
  /// Host time to launch a layer of an iteration with prompts that is larger than every captured graph, in µs. The
  /// accelerator computes meanwhile, and waits for the host where that takes longer.
  public var hostLayer = 0.0
  /// Time on the accelerator to sample one request's token, in µs, where the cost model does not have it.
  public var sampling = 0.0
  /// Token counts for which graphs were captured, rising: smaller batches are padded to the next of them.
  public var graphSizes: [Int] = []
  /// From the end of an iteration until its tokens reach the client, in µs.
  public var clientReceipt = 0.0
  /// Memory of each accelerator that activations and the engine's context take from the KV cache, in GiB.
  public var activationGiB = 0.0
  public var contextGiB = 0.0
  /// Measured all-reduces, one table for each number of accelerators. Without one the cluster's link decides.
  public var allReduces: [AllReduceTable] = []

  public init(source: String, name: String, note: String = "") {
    self.source = source
    self.name = name
    self.note = note
  }

  /// `measured: …`, `published: …` or `guess: …`.
  public struct Origin: Sendable, Equatable {
    public var key: String
    public var text: String
    public init(key: String, text: String) {
      self.key = key
      self.text = text
    }
  }

  /// Duration of an all-reduce among some accelerators, by size.
  public struct AllReduceTable: Sendable, Equatable {
    public var ranks: Int
    /// Bytes on each accelerator, rising, and µs.
    public var bytes: [Int]
    public var microseconds: [Double]

    public init(ranks: Int, bytes: [Int], microseconds: [Double]) {
      self.ranks = ranks
      self.bytes = bytes
      self.microseconds = microseconds
    }

    /// Linear between points, constant below the first; beyond the last at the rate of the last two.
    public func microseconds(bytes query: Double) -> Double {
      guard let first = bytes.first, query > Double(first), bytes.count > 1 else {
        return microseconds.first ?? 0
      }
      let upper = bytes.firstIndex { Double($0) >= query } ?? bytes.count - 1
      let (x0, x1) = (Double(bytes[upper - 1]), Double(bytes[upper]))
      let (y0, y1) = (microseconds[upper - 1], microseconds[upper])
      return max(0, y0 + (query - x0) / (x1 - x0) * (y1 - y0))
    }
  }

  /// A quantity that is one number: its key, the same in files, summaries and fits.
  public struct Quantity: Sendable {
    public var key: String
    public var path: WritableKeyPath<PlatformSpec, Double> & Sendable
    public var range: ClosedRange<Double>
  }

  /// All quantities that are one number, in the order of files.
  public static var quantities: [Quantity] {
    // Guess: a second is far more than any of these was ever seen to take.
    let time = 0.0...1e6
    return [
      Quantity(key: "host_iteration_us", path: \.hostIteration, range: time),
      Quantity(key: "host_sequence_us", path: \.hostSequence, range: time),
      Quantity(key: "detokenization_us", path: \.detokenization, range: time),
      Quantity(key: "launch_gap_us", path: \.launchGap, range: time),
      Quantity(key: "eager_layer_us", path: \.eagerLayer, range: time),
      Quantity(key: "host_layer_us", path: \.hostLayer, range: time),
      Quantity(key: "sampling_us", path: \.sampling, range: time),
      Quantity(key: "client_receipt_us", path: \.clientReceipt, range: time),
      Quantity(key: "activation_gib", path: \.activationGiB, range: 0...1e6),
      Quantity(key: "context_gib", path: \.contextGiB, range: 0...1e6),
    ]
  }

  static let asynchronousKey = "asynchronous_scheduling"
  static let graphKey = "cuda_graph_sizes"
  static let allReduceKey = "all_reduce"

  /// Whether it changes anything about the time of an iteration.
  var changesIterations: Bool {
    hostIteration > 0 || hostSequence > 0 || detokenization > 0 || launchGap > 0 || eagerLayer > 0
      || hostLayer > 0 || sampling > 0 || !graphSizes.isEmpty || !allReduces.isEmpty
  }

  /// The delay of each token on its way to the client.
  public var receipt: SimDuration { SimDuration(roundingUp: max(0, clientReceipt) * 1e-6) }

  /// What is on, as users know it: `asynchronous_scheduling`, `launch_gap_us 640`, …
  public var settings: [String] {
    var settings = schedulesAsynchronously ? [Self.asynchronousKey] : []
    for quantity in Self.quantities where self[keyPath: quantity.path] != 0 {
      let value = self[keyPath: quantity.path]
      settings.append("\(quantity.key) \(Int(exactly: value).map { "\($0)" } ?? "\(value)")")
    }
    if let largest = graphSizes.last { settings.append("\(Self.graphKey) up to \(largest)") }
    if !allReduces.isEmpty {
      let ranks = allReduces.map { "\($0.ranks)" }.joined(separator: ", ")
      settings.append("\(Self.allReduceKey) among \(ranks)")
    }
    return settings
  }
}
