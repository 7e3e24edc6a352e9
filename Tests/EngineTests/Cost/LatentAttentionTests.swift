import Testing

@testable import Engine

/// KV caches that are compressed, or in 8 bits: by hand, from published sizes.
@Suite struct LatentAttentionTests {
  private static func instance(tpSize: Int = 1, kvType: NumberFormat = .bfloat16) throws
    -> InstanceSpec
  {
    let model = try #require(try Repository.models.model(named: "openbmb/MiniCPM3-4B"))
    return InstanceSpec(
      name: "mixed/0", node: 0, role: .mixed, model: model, hardware: "H100",
      npuMemory: MemorySpec(sizeGiB: 80, bandwidth: 3350, latency: 0), tpSize: tpSize,
      kvType: kvType)
  }

  @Test func aTokenIsOneCompressedVectorAndOneKey() throws {
    // (256 + 32) x 62 layers x 2 bytes; keys and values of 40 heads of 96 and 64 would be 793,600.
    let capacity = KVCapacity(try Self.instance())
    #expect(capacity.bytesPerToken == 35_712 && capacity.totalBytesPerToken == 35_712)
    // Each accelerator has all of it, and all get it.
    let split = KVCapacity(try Self.instance(tpSize: 4))
    #expect(split.bytesPerToken == 35_712 && split.totalBytesPerToken == 4 * 35_712)
    #expect(split.isWholeOnEach)
  }

  @Test func weightsAreThoseOfThePublishedModel() throws {
    // Of a layer: 2,560 x (768 + 288) compress; 768 x 40 x 96 make queries; 256 x 40 x 128 keys and values; 2,560 x 2,560
    // leave; 3 x 2,560 x 6,400 are the MLP; norms of 2 x 2,560 + 768 + 256. One embedding of 73,448 x 2,560, a last norm.
    let layer = 2_703_360 + 2_949_120 + 1_310_720 + 6_553_600 + 49_152_000 + 6144
    let numbers = 62 * layer + 188_026_880 + 2560
    #expect(KVCapacity(try Self.instance()).weightBytes == 2 * numbers)
    // https://huggingface.co/openbmb/MiniCPM3-4B says 4.07 billion.
    #expect(abs(Double(numbers) / 1e9 - 4.07) < 0.01)
    // On two accelerators what compresses is whole on each, and the rest is halved.
    let half = 62 * (2_703_360 + 6144 + (layer - 2_703_360 - 6144) / 2) + 94_013_440 + 2560
    #expect(KVCapacity(try Self.instance(tpSize: 2)).weightBytes == 2 * half)
  }

  @Test func eightBitsHalveIt() throws {
    #expect(KVCapacity(try Self.instance(kvType: .fp8)).bytesPerToken == 17_856)
    var llama = CostFixture.instance(CostFixture.llama8B)
    let wide = KVCapacity(llama)
    llama.kvType = .fp8
    let narrow = KVCapacity(llama)
    // 2 x 8 heads x 128 x 32 layers x 1 byte; (96 GiB x 0.9 - weights) / (16 x 64 KiB)
    #expect(narrow.bytesPerToken == 65_536 && narrow.blocks == 73_157)
    #expect(narrow.weightBytes == wide.weightBytes)
  }

  /// Of one more token in the context of 64 decode requests, in ns.
  private func perToken(_ instance: InstanceSpec) throws -> Double {
    let hardware = try #require(try CostAnalyticTests.catalog.hardware(named: "H100"))
    let cost = AnalyticCost(hardware: hardware, instance: instance, link: CostFixture.link)
    func seconds(_ context: Int) -> Double {
      var shape = IterationShape()
      (shape.decodeRequests, shape.decodeContext) = (64, 64 * context)
      return cost.seconds(shape)
    }
    return (seconds(20_000) - seconds(10_000)) / (64 * 10_000) * 1e9
  }

  @Test func decodingReadsWhatIsCached() throws {
    let hardware = try #require(try CostAnalyticTests.catalog.hardware(named: "H100"))
    let c = hardware.coefficients
    let rate = c.decodeAttentionEfficiency * hardware.dataSheet.memoryBandwidth
    var llama = CostFixture.instance(CostFixture.llama8B)
    // 128 KiB a token, or half of it in 8 bits.
    #expect(abs(try perToken(llama) - 131_072 / rate) < 1e-3)
    llama.kvType = .fp8
    #expect(abs(try perToken(llama) - 65_536 / rate) < 1e-3)
    // 40 heads x 2 x (288 + 256) operations with a key of 576 bytes: 62 x 43,520 of them.
    let work = 62 * 43_520 / (c.prefillAttentionEfficiency * hardware.dataSheet.flops(.bfloat16))
    let expected = max(35_712 / rate, work * 1e9)
    #expect(abs(try perToken(Self.instance()) - expected) < 1e-3)
    // All heads of an accelerator read the same, so more accelerators do not make it less.
    let split = try perToken(Self.instance(tpSize: 4))
    #expect(abs(split - max(35_712 / rate, work * 1e9 / 4)) < 1e-3)
  }

  @Test func moreWorkNeverTakesLess() throws {
    let hardware = try #require(try CostAnalyticTests.catalog.hardware(named: "H100"))
    for seed in 0..<300 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "monotone")
      let cost = AnalyticCost(
        hardware: hardware, instance: try Self.instance(tpSize: 1 << random.nextIndex(below: 4)),
        link: CostFixture.link)
      let shape = CostLaws.anyShape(&random, upTo: 1 << (1 + random.nextIndex(below: 20)))
      for component in CostLaws.components {
        var larger = shape
        larger[keyPath: component] += 1 + random.nextIndex(below: 1000)
        #expect(cost.iterationTime(larger) >= cost.iterationTime(shape), "seed \(seed)")
      }
    }
  }

  @Test func transfersHaveTheBytesOfTheFormat() throws {
    for (kvType, bytes) in [(NumberFormat.bfloat16, 256), (.fp8, 128)] {
      let result = try KVTransferTests.run(
        change: { _, instances in
          for index in instances.indices {
            instances[index].kvType = kvType
            instances[index].kvBlocks = 100
          }
        }, [(at: 0, prompt: 100, output: 3)])
      #expect(result.records[0].kvBytes == Int64(100 * bytes))
    }
    // A compressed vector of 24 and a key of 8 in each of two layers, whole on each of two accelerators.
    for mode in KVTransferSpec.Mode.allCases {
      let result = try KVTransferTests.run(
        KVTransferSpec(mode: mode),
        change: { _, instances in
          for index in instances.indices {
            instances[index].model.latent = LatentAttention(
              queryRank: 16, rank: 24, ropeDim: 8, nopeDim: 16, valueDim: 16)
            instances[index].kvBlocks = 100
            instances[index].tpSize = 2
          }
        }, [(at: 0, prompt: 100, output: 3)])
      #expect(result.records[0].kvBytes == 100 * 2 * 32 * 2 * 2)
    }
  }

  @Test func whatIsLeftOutOfItIsRefused() throws {
    let text = """
      {"model_type": "minicpm3", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
       "intermediate_size": 128, "vocab_size": 1000, "max_position_embeddings": 2048,
       "q_lora_rank": 16, "kv_lora_rank": 24, "qk_rope_head_dim": 8, "qk_nope_head_dim": 16}
      """
    let model = try ModelSpec.parse(Array(text.utf8), file: "model.json", name: "test")
    #expect(model.latent?.valueDim == 16 && model.cachedNumbers(ranks: 1) == 32)
    for key in ["q_lora_rank", "kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim"] {
      for (other, problem) in [("other", key), (key, "is 0")] {
        let broken = text.replacing(
          "\"\(key)\": ", with: other == key ? "\"\(key)\": 0, \"x\": " : "\"\(other)\": ")
        let error = try #require(throws: InputError.self) {
          try ModelSpec.parse(Array(broken.utf8), file: "model.json", name: "test")
        }
        #expect("\(error)".contains(problem), "\(error)")
      }
    }
  }
}
