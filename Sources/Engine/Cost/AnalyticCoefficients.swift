/// How an accelerator's kernels relate to its data sheet: what `AnalyticCost` is fitted by.
///
/// Each has a physical meaning, so that a value can be judged, and guessed for hardware that was never measured.
/// Defaults are where fits start. Guess: rounded from kernel times in profiles of RTXPRO6000.
public struct AnalyticCoefficients: Sendable, Equatable {
  /// Fraction of peak that large matrix products reach.
  public var denseComputeEfficiency = 0.85
  /// Fraction of memory bandwidth at which weights stream.
  public var denseMemoryEfficiency = 0.95
  /// Part of the shorter of compute and memory time that the longer one does not hide.
  public var denseSerialFraction = 0.3
  /// Share of the rows that pad a product to whole tiles which costs as much as real rows.
  public var denseTilePadding = 0.4
  /// Start and end of a matrix product, µs.
  public var denseKernelMicroseconds = 2.0
  /// Start and end of an element-wise kernel, µs.
  public var elementwiseKernelMicroseconds = 2.5
  /// Speed of element-wise kernels as a multiple of memory bandwidth; above 1 where the cache holds what they read.
  public var elementwiseEfficiency = 2.0
  /// Part of the cache that activations can fill before they spill to memory.
  public var cacheFraction = 0.5
  /// Fraction of peak that attention over prompts reaches.
  public var prefillAttentionEfficiency = 0.55
  /// Part of the shorter of total work and longest chain of keys that the longer one does not hide.
  public var prefillAttentionSerialFraction = 0.15
  public var prefillAttentionMicroseconds = 6.0
  /// Fraction of memory bandwidth at which decode attention reads the KV cache.
  public var decodeAttentionEfficiency = 0.9
  public var decodeAttentionMicroseconds = 10.0
  /// Keys that each decode request costs beyond its context: block tables, rounding to whole tiles.
  public var decodeAttentionPaddingTokens = 50.0
  /// Time of one multiprocessor for a decode request's tile of one head in an iteration that also holds prompts, µs.
  public var mixedTileMicroseconds = 3.0
  /// The same for a tile without work: the grid has one for each decode request and each tile of the prompts, µs.
  public var mixedEmptyTileMicroseconds = 0.4
  /// Fraction of peak at which such tiles, one row of which is in use, visit keys.
  public var mixedAttentionEfficiency = 0.5
  /// KV cache bytes up to which the query heads of a group share what they read in such an iteration, as a multiple of
  /// the cache.
  public var mixedSharedCaches = 8.0
  /// Part of the shorter of tile and memory time that the longer one does not hide.
  public var mixedSerialFraction = 0.3
  public var samplerMicroseconds = 12.0
  /// Memory traffic of the sampler for each logit, bytes.
  public var samplerBytesPerLogit = 7.0
  /// Fixed time of an iteration: embedding, last norm, and whatever the host adds, µs.
  public var iterationMicroseconds = 6.0

  public init() {}

  /// A coefficient: its key in files, its place, and what values make sense.
  struct Field: Sendable {
    var key: String
    var path: WritableKeyPath<AnalyticCoefficients, Double> & Sendable
    var range: ClosedRange<Double>
  }

  /// All of them, in the order of files.
  static let fields: [Field] = [
    Field(key: "dense_compute_efficiency", path: \.denseComputeEfficiency, range: 0.01...1),
    Field(key: "dense_memory_efficiency", path: \.denseMemoryEfficiency, range: 0.01...1),
    Field(key: "dense_serial_fraction", path: \.denseSerialFraction, range: 0...1),
    Field(key: "dense_tile_padding", path: \.denseTilePadding, range: 0...1),
    Field(key: "dense_kernel_us", path: \.denseKernelMicroseconds, range: 0...1000),
    Field(key: "elementwise_kernel_us", path: \.elementwiseKernelMicroseconds, range: 0...1000),
    Field(key: "elementwise_efficiency", path: \.elementwiseEfficiency, range: 0.01...20),
    Field(key: "cache_fraction", path: \.cacheFraction, range: 0...10),
    Field(
      key: "prefill_attention_efficiency", path: \.prefillAttentionEfficiency, range: 0.01...1),
    Field(
      key: "prefill_attention_serial_fraction", path: \.prefillAttentionSerialFraction,
      range: 0...1),
    Field(key: "prefill_attention_us", path: \.prefillAttentionMicroseconds, range: 0...1000),
    Field(key: "decode_attention_efficiency", path: \.decodeAttentionEfficiency, range: 0.01...1),
    Field(key: "decode_attention_us", path: \.decodeAttentionMicroseconds, range: 0...1000),
    Field(
      key: "decode_attention_padding_tokens", path: \.decodeAttentionPaddingTokens,
      range: 0...10_000),
    Field(key: "mixed_tile_us", path: \.mixedTileMicroseconds, range: 0...1000),
    Field(key: "mixed_empty_tile_us", path: \.mixedEmptyTileMicroseconds, range: 0...1000),
    Field(key: "mixed_attention_efficiency", path: \.mixedAttentionEfficiency, range: 0.01...100),
    Field(key: "mixed_shared_caches", path: \.mixedSharedCaches, range: 0...1000),
    Field(key: "mixed_serial_fraction", path: \.mixedSerialFraction, range: 0...1),
    Field(key: "sampler_us", path: \.samplerMicroseconds, range: 0...10_000),
    Field(key: "sampler_bytes_per_logit", path: \.samplerBytesPerLogit, range: 0...1000),
    Field(key: "iteration_us", path: \.iterationMicroseconds, range: 0...1_000_000),
  ]
}
