import Foundation
import Testing

@testable import Engine

@Suite struct PlatformTests {
  private static let everything = """
    {
      "name": "all",
      "note": "every quantity",
      "asynchronous_scheduling": true,
      "host_iteration_us": 900.5, "host_sequence_us": 2, "detokenization_us": 1,
      "launch_gap_us": 600, "eager_layer_us": 140, "host_layer_us": 800, "sampling_us": 0.5,
      "client_receipt_us": 3000, "activation_gib": 1.5, "context_gib": 0.5,
      "cuda_graph_sizes": [1, 2, 4, 8],
      "all_reduce": [{"ranks": 2, "bytes": [1000, 2000, 4000], "us": [10, 12, 20]}],
      "origins": {
        "asynchronous_scheduling": "published: x", "host_iteration_us": "measured: x",
        "host_sequence_us": "guess: x", "detokenization_us": "guess: x",
        "launch_gap_us": "measured: x", "eager_layer_us": "measured: x",
        "host_layer_us": "measured: x",
        "sampling_us": "guess: x", "client_receipt_us": "guess: x",
        "activation_gib": "guess: x", "context_gib": "guess: x",
        "cuda_graph_sizes": "published: x", "all_reduce": "measured: x"
      }
    }
    """

  private static func parse(_ text: String) throws(InputError) -> PlatformSpec {
    try PlatformSpec.parse(Array(text.utf8), file: "p.json")
  }

  private static func error(_ text: String) -> String {
    do {
      _ = try parse(text)
      return "no error"
    } catch { return error.description }
  }

  @Test func aFileReadsBackAsItself() throws {
    let platform = try Self.parse(Self.everything)
    #expect(platform.origins.count == 13)
    #expect(platform.hostIteration == 900.5 && platform.graphSizes == [1, 2, 4, 8])
    let again = try Self.parse(platform.json)
    #expect(again == platform)
    #expect(again.json == platform.json)
    #expect(PlatformSpec.quantities.allSatisfy { platform[keyPath: $0.path] > 0 })
  }

  @Test func everyQuantityIsOffWhenAbsent() throws {
    let platform = try Self.parse(#"{"name": "none"}"#)
    #expect(!platform.changesIterations && !platform.schedulesAsynchronously)
    #expect(platform.settings.isEmpty && platform.receipt == .zero)
    #expect(PlatformSpec.quantities.allSatisfy { platform[keyPath: $0.path] == 0 })
  }

  @Test func whatIsWrongIsSaid() {
    for (text, expected) in [
      (#"{"name": "x", "launch_gap_us": 5}"#, "origins.launch_gap_us"),
      (
        #"{"name": "x", "launch_gap_us": 5, "origins": {"launch_gap_us": "trust me"}}"#,
        "measured, published or guess"
      ),
      (#"{"name": "x", "launch_gap": 5}"#, "launch_gap_us"),
      (#"{"name": "x", "launch_gap_us": -1}"#, "a number from 0"),
      (#"{"name": "x", "cuda_graph_sizes": [4, 2]}"#, "more than 4"),
      (#"{"name": "x", "data_parallel_us": 3}"#, "data-parallel groups are not simulated"),
      (#"{"name": "x", "all_reduce": [{"ranks": 2, "bytes": [1, 2], "us": [3]}]}"#, "2, as bytes"),
    ] {
      #expect(Self.error(text).contains(expected), "\(Self.error(text))")
    }
  }

  @Test func allReducesAreReadBetweenAndBeyondTheirPoints() throws {
    let table = try Self.parse(Self.everything).allReduces[0]
    // 1000: 10, 2000: 12, 4000: 20; beyond at 4 µs a thousand bytes.
    for (bytes, time) in [(1.0, 10.0), (1000, 10), (1500, 11), (3000, 16), (4000, 20), (9000, 40)] {
      #expect(table.microseconds(bytes: bytes) == time)
    }
  }

  @Test func bundledPlatformsSayWhereTheyComeFrom() throws {
    let folder = "\(Repository.root)/configs/platform"
    let catalog = PlatformCatalog(folders: [folder])
    #expect(!catalog.names().isEmpty)
    for name in catalog.names() {
      let platform = try catalog.platform(name)
      #expect(platform.name == name)
      #expect(!platform.note.isEmpty && !platform.origins.isEmpty)
    }
  }

  @Test func clustersNamePlatformsAndBlocks() throws {
    let text = try Repository.text(Repository.cluster("single_node_single_instance"))
    let catalog = PlatformCatalog(folders: ["\(Repository.root)/configs/platform"])
    func cluster(_ fields: String) throws(InputError) -> ClusterSpec {
      let text = text.replacing("\"pd_type\"", with: "\(fields)\n\"pd_type\"")
      return try ClusterSpec.parse(
        Array(text.utf8), file: "c.json", defaults: InstanceDefaults(),
        models: Repository.models, platforms: catalog)
    }
    let plain = try cluster("")
    #expect(plain.instances[0].platform == nil && plain.instances[0].kvBlocks == nil)
    let named = try cluster(#""platform": "vllm-0.19", "num_gpu_blocks": 2588,"#)
    #expect(named.instances[0].platform?.name == "vllm-0.19")
    #expect(KVCapacity(named.instances[0]).blocks == 2588)
    #expect(throws: InputError.self) { try cluster(#""platform": "../vllm","#) }
    #expect(throws: InputError.self) { try cluster(#""num_gpu_blocks": 0,"#) }
  }

  @Test func activationsAndContextComeOutOfTheCache() throws {
    var spec = try ClusterSpec.load(
      path: Repository.cluster("single_node_single_instance"), defaults: InstanceDefaults(),
      models: Repository.models
    ).instances[0]
    let before = KVCapacity(spec)
    spec.platform = try Self.parse(Self.everything)
    let after = KVCapacity(spec)
    // 2 GiB of blocks of `bytesPerToken` x 16 bytes, to a block.
    let block = before.bytesPerToken * spec.limits.blockSize
    #expect(abs(before.blocks - after.blocks - (2 << 30) / block) <= 1)
  }
}
