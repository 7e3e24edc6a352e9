import ArgumentParser
import Engine

/// What instances take for fields that the cluster file leaves out. Names are those of LLMServingSim, values vLLM's.
struct InstanceOptions: ParsableArguments {
  @Option(
    help:
      "Format of the weights: float16, bfloat16, float32, fp8 or int8; default: the model's own.")
  var dtype: NumberFormat?

  @Option(help: "Format of the KV cache: auto, fp8, bfloat16, float16 or float32.")
  var kvCacheDtype = KVCacheFormat.auto

  @Option(help: "Tokens in a KV block.")
  var blockSize = SchedulerLimits().blockSize

  @Option(help: "Most requests in the running set of an instance; 0 is no limit.")
  var maxNumSeqs = SchedulerLimits().maxNumSeqs

  @Option(help: "Most tokens that an instance computes in one iteration; 0 is no limit.")
  var maxNumBatchedTokens = SchedulerLimits().maxNumBatchedTokens

  @Option(help: "Most prompt tokens of one request in one iteration; 0 is no limit.")
  var longPrefillTokenThreshold = SchedulerLimits().longPrefillTokenThreshold

  @Flag(inversion: .prefixedNo, help: "Split prompts over iterations.")
  var enableChunkedPrefill = true

  @Flag(inversion: .prefixedNo, help: "Keep the KV blocks of prompts that begin alike.")
  var enablePrefixCaching = true

  @Flag(inversion: .prefixedNo, help: "Admit a prompt only when KV blocks for all of it are free.")
  var reserveFullIsl = true

  @Option(help: "Fraction of accelerator memory for weights and KV cache.")
  var npuMemoryUtilization = 0.9

  @Option(
    help: "KV blocks of each instance, as its server reported them; default: computed from memory.")
  var numGpuBlocks: Int?

  @Option(
    help: ArgumentHelp(
      "Engine and host around the accelerators: a name in configs/platform, or a file.",
      valueName: "name|file"))
  var platform: String?

  func defaults(_ resources: ResourceFolders) throws -> InstanceDefaults {
    let catalog = PlatformCatalog(folders: resources.all("configs/platform"))
    var limits = SchedulerLimits()
    limits.blockSize = blockSize
    limits.maxNumSeqs = maxNumSeqs
    limits.maxNumBatchedTokens = maxNumBatchedTokens
    limits.longPrefillTokenThreshold = longPrefillTokenThreshold
    limits.enableChunkedPrefill = enableChunkedPrefill
    limits.enablePrefixCaching = enablePrefixCaching
    limits.reserveFullISL = reserveFullIsl
    var defaults = InstanceDefaults(
      limits: limits, memoryUtilization: npuMemoryUtilization, weightType: dtype,
      kvType: kvCacheDtype.format)
    defaults.kvBlocks = numGpuBlocks
    defaults.platform = try platform.map { try catalog.platform($0) }
    return defaults
  }
}

extension NumberFormat: ExpressibleByArgument {}

/// `auto` is the format of the activations.
enum KVCacheFormat: String, ExpressibleByArgument, CaseIterable {
  case auto, fp8, bfloat16, float16, float32
  var format: NumberFormat? { self == .auto ? nil : NumberFormat(rawValue: rawValue) }
}
