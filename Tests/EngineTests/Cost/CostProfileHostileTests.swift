import Testing

@testable import Engine

/// Damaged profiles: one clear error each, and never a trap.
@Suite struct CostProfileHostileTests {
  private func error(
    _ file: String, _ text: String, tpSize: Int = 1
  ) throws -> InputError? {
    let bundle = try CostBundleFixture()
    try bundle.write(file, text)
    do throws(InputError) {
      _ = try bundle.cost(.native, tpSize: tpSize)
      return nil
    } catch {
      #expect(error.file.hasPrefix(bundle.folder))
      return error
    }
  }

  @Test(arguments: [
    ("nan", "finite"), ("NaN", "finite"), ("inf", "finite"), ("-1", "from 0 to 1e9"),
    ("1e10", "from 0 to 1e9"), ("fast", "finite"), ("", "finite"), ("1.5.2", "finite"),
    ("\"3\"", "finite"),
  ])
  func badTimesAreNamedWithLineAndColumn(cell: String, expected: String) throws {
    let rows = "layer,tokens,time_us\nembedding,1,2\nembedding,2,\(cell)\n"
    let found = try #require(try error("tp1/dense.csv", rows))
    #expect(found.line == 3)
    #expect(found.key == "time_us")
    #expect(found.expected?.contains(expected) == true)
    #expect(found.file.hasSuffix("tp1/dense.csv"))
  }

  @Test(arguments: ["-1", "1.5", "99999999999999999999", "2147483648", "x", ""])
  func badCountsAreNamedWithLineAndColumn(cell: String) throws {
    let found = try #require(
      try error(
        "tp1/attention.csv",
        "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n0,0,1,16,3\n0,0,\(cell),16,3\n"))
    #expect(found.line == 3)
    #expect(found.key == "n_decode")
  }

  @Test func emptyAndHeaderlessTables() throws {
    for file in ["tp1/dense.csv", "tp1/per_sequence.csv", "tp1/attention.csv", "tp1/skew_fit.csv"] {
      #expect(try error(file, "")?.line == 1)
      #expect(try error(file, "a,b,c\n1,2,3\n")?.problem == "column is missing")
    }
    let header = "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n"
    #expect(try error("tp1/attention.csv", header)?.problem == "has no rows")
    #expect(
      try error("tp1/dense.csv", "layer,tokens,time_us\n")?.problem.contains("embedding") == true)
  }

  @Test func rowThatIsCutOff() throws {
    let found = try error("tp1/dense.csv", "layer,tokens,time_us\nembedding,1,2\nembedding,2")
    #expect(found?.line == 3)
    #expect(found?.suggestion == "is the file cut off?")
  }

  @Test func absentLayer() throws {
    let rows = CostBundleFixture.dense.split(separator: "\n").filter { !$0.hasPrefix("act_fn") }
    let found = try error("tp1/dense.csv", rows.joined(separator: "\n"))
    #expect(found?.problem == "has no rows for 'act_fn'")
  }

  @Test func absentFilesAndDegrees() throws {
    for file in ["meta.yaml", "tp1/dense.csv", "tp1/attention.csv", "tp1/skew_fit.csv"] {
      let bundle = try CostBundleFixture()
      try bundle.remove(file)
      #expect {
        _ = try bundle.cost(.native)
      } throws: { error in
        (error as? InputError)?.file.hasSuffix(file) == true
      }
    }
    #expect(try error("x", "", tpSize: 4)?.expected == "tp1")
  }

  @Test func unknownArchitecture() throws {
    let bundle = try CostBundleFixture()
    var instance = CostBundleFixture.instance()
    instance.model.architecture = "mixtral"
    #expect {
      _ = try ProfileCost(
        folder: bundle.folder, instance: instance, cpuMemory: CostFixture.cpu,
        link: CostFixture.link, rules: .native)
    } throws: { error in
      (error as? InputError)?.problem.contains("mixtral") == true
    }
  }

  @Test(arguments: [
    ("", nil), ("a: {b: 1}", 1), ("a: 1\n   b: 2", 2), ("a: &x 1", 1), ("a: [1, 2", 1),
    ("a: 'x", 1), ("just text", 1), ("a: 1\na: 2", 2), ("a: [[1]]", 1), ("  a: 1\nb: 2", 2),
    ("skew_fit:\n  enabled: maybe", 2),
    ("skew_fit:\n  enabled: true\n  per_tp:\n    1:\n      alpha_default: .nan", 5),
    ("skew_fit:\n  per_tp:\n    1:\n      alpha_default: 1", 2),
    ("skew_fit:\n  per_tp:\n    1:\n      alpha_default: 1\n      bucket_table: ../x", 5),
    ("engine_effective:\n  max_num_seqs: many", 2),
  ])
  func damagedDescription(text: String, line: Int?) throws {
    let found = try #require(try error("meta.yaml", text))
    #expect(found.line == line, "\(found)")
    #expect(found.file.hasSuffix("meta.yaml"))
  }

  @Test func nestingIsBounded() throws {
    let deep = (0..<500).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
    #expect(try error("meta.yaml", deep)?.problem.contains("nested too deep") == true)
  }

  @Test func unknownSkewLabel() throws {
    let found = try error(
      "tp1/skew_fit.csv",
      "pc,n_label,skew_rate_label,kv_big_label,kp_label,alpha\n0,n<=2,odd,small,none,0.4\n")
    #expect(found?.key == "skew_rate_label")
    #expect(found?.expected == "one of low, high")
  }

  @Test func axesAreBounded() throws {
    let rows = (0..<1000).map { "\($0),0,\($0),1,1\n" }.joined()
    let found = try error(
      "tp1/attention.csv", "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n" + rows)
    #expect(found?.key == "prefill_chunk")
  }

  @Test func switchedOffSkewIsNotRead() throws {
    let bundle = try CostBundleFixture()
    try bundle.write("meta.yaml", "skew_fit:\n  enabled: false\n")
    try bundle.write("tp1/skew_fit.csv", "nonsense")
    let cost = try bundle.cost(.native)
    #expect(!cost.usesContextExtremes)
  }

  /// Random damage to any file: an `InputError`, or a model whose times are at least 1 ns for whatever shape.
  @Test func randomDamageNeverTraps() throws {
    let files = [
      ("meta.yaml", CostBundleFixture.meta), ("tp1/dense.csv", CostBundleFixture.dense),
      ("tp1/per_sequence.csv", CostBundleFixture.head),
      ("tp1/attention.csv", CostBundleFixture.attention),
      ("tp1/skew_fit.csv", CostBundleFixture.skew),
    ]
    let bundle = try CostBundleFixture()
    for seed in 0..<400 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "damage")
      let (name, text) = files[random.nextIndex(below: files.count)]
      var bytes = Array(text.utf8)
      switch random.nextIndex(below: 3) {
      case 0: bytes.removeLast(random.nextIndex(below: bytes.count))
      case 1:
        for _ in 0...random.nextIndex(below: 4) {
          bytes[random.nextIndex(below: bytes.count)] = UInt8(truncatingIfNeeded: random.next())
        }
      default:
        let digits = Array("0123456789.-e,\n".utf8)
        for _ in 0...random.nextIndex(below: 8) {
          let place = random.nextIndex(below: bytes.count)
          bytes.insert(digits[random.nextIndex(below: digits.count)], at: place)
        }
      }
      try bundle.write(name, bytes)
      for rules in [ProfileRules.reference, .native] {
        do throws(InputError) {
          let cost = try bundle.cost(rules)
          for _ in 0..<20 {
            let shape = CostLaws.anyShape(&random, upTo: 1 << random.nextIndex(below: 40))
            #expect(cost.iterationTime(shape) >= SimDuration(nanoseconds: 1), "seed \(seed)")
          }
        } catch {
          #expect(error.file.hasPrefix(bundle.folder), "seed \(seed)")
        }
      }
      try bundle.write(name, text)
    }
  }
}
