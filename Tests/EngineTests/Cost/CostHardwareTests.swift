import Testing

@testable import Engine

@Suite struct CostHardwareTests {
  private let text = """
    {
      "name": "X",
      "data_sheet": {"source": "s", "dense_bf16_tflops": 100, "memory_bandwidth_gb_per_s": 1000,
        "memory_gib": 80, "cache_mb": 40, "multiprocessors": 100},
      "calibration": {"origin": "guess", "note": "n"},
      "coefficients": {
    \(AnalyticCoefficients.fields.map {
      "    \"\($0.key)\": \(AnalyticCoefficients()[keyPath: $0.path])"
    }.joined(separator: ",\n"))
      }
    }
    """

  private func error(_ from: String, _ to: String) -> InputError? {
    do throws(InputError) {
      _ = try HardwareSpec.parse(Array(text.replacing(from, with: to).utf8), file: "x.json")
      return nil
    } catch {
      return error
    }
  }

  @Test func readsWhatItWrites() throws {
    var spec = try HardwareSpec.parse(Array(text.utf8), file: "x.json")
    #expect(spec.coefficients == AnalyticCoefficients())
    spec.calibration.errors = ["a \"quoted\"\nline", "\u{1}"]
    spec.dataSheet.eightBitTeraflops = 200.5
    spec.dataSheet.nvlinkBandwidth = 900
    let again = try HardwareSpec.parse(Array(spec.json.utf8), file: "x.json")
    spec.calibration.errors[1] = " "
    #expect(again == spec)
    #expect(again.json == spec.json)
  }

  @Test func aDataSheetAloneIsEnough() throws {
    let sheet = """
      {
        "name": "Mine",
        "data_sheet": {"dense_bf16_tflops": 100, "memory_bandwidth_gb_per_s": 1000,
          "memory_gib": 24, "cache_mb": 40, "multiprocessors": 100}
      }
      """
    let spec = try HardwareSpec.parse(Array(sheet.utf8), file: "x.json")
    #expect(spec.coefficients == AnalyticCoefficients())
    #expect(spec.calibration.origin == .guess)
    #expect(try HardwareSpec.parse(Array(spec.json.utf8), file: "x.json") == spec)
    // Coefficients without an origin, and an origin without coefficients, are mistakes.
    for key in ["calibration", "coefficients"] {
      let half = text.replacing("\"\(key)\"", with: "\"x\"")
      #expect(throws: InputError.self) {
        try HardwareSpec.parse(Array(half.utf8), file: "x.json")
      }
    }
  }

  @Test func mistakesAreNamedWithTheirLine() {
    let unknown = error("\"cache_mb\"", "\"cache_mib\"")
    #expect(unknown?.line == 4)
    #expect(unknown?.key == "data_sheet.cache_mib")
    #expect(unknown?.suggestion == "did you mean cache_mb?")
    #expect(error("\"cache_mb\": 40, ", "")?.key == "data_sheet.cache_mb")
    #expect(error("\"guess\"", "\"hope\"")?.key == "calibration.origin")
    #expect(error(": 1000,", ": -1,")?.key == "data_sheet.memory_bandwidth_gb_per_s")
    #expect(error("{\"source\"", "[\"source\"") != nil)
    for field in AnalyticCoefficients.fields {
      #expect(error("\"\(field.key)\"", "\"x\"") != nil)
      #expect(
        error("\"\(field.key)\": ", "\"\(field.key)\": -")?.key == "coefficients.\(field.key)")
      #expect(
        error("\"\(field.key)\": ", "\"\(field.key)\": 999999")?.key == "coefficients.\(field.key)")
    }
  }
}

@Suite struct CostSelectionTests {
  private func failure(
    _ cluster: ClusterSpec, hardware: HardwareCatalog = HardwareCatalog(folders: []),
    profiles: String? = nil
  ) -> InputError? {
    do throws(InputError) {
      _ = try CostSelection.models(
        for: cluster, hardware: hardware, profileDirectory: profiles)
      return nil
    } catch {
      return error
    }
  }

  @Test func profilesAreFoundByHardwareAndModel() throws {
    let bundle = try CostBundleFixture()
    var half = CostBundleFixture.instance()
    half.weightType = .float16
    half.kvType = .float16
    let costs = try CostSelection.models(
      for: CostFixture.cluster([CostBundleFixture.instance(), half]),
      hardware: HardwareCatalog(folders: []), profileDirectory: bundle.root)
    #expect(
      costs.map(\.summary) == [
        "profile \(bundle.folder)/tp1",
        "profile \(bundle.folder)/tp1 (float16 as bfloat16, which is as wide)",
      ])
    let shape = CostFixture.shape([(1, 16)])
    #expect(costs[0].iterationTime(shape) == costs[1].iterationTime(shape))
  }

  @Test func absentProfileNamesThoseThatAreThere() throws {
    let bundle = try CostBundleFixture()
    let found = try #require(
      failure(
        CostFixture.cluster([CostFixture.instance(CostFixture.llama8B)]), profiles: bundle.root))
    #expect(found.problem == "has no profile of meta-llama/Llama-3.1-8B on RTXPRO6000")
    #expect(found.expected == "one of Toy/toy")
    var instance = CostBundleFixture.instance()
    instance.weightType = .fp8
    #expect(
      failure(CostFixture.cluster([instance]), profiles: bundle.root)?.expected == "one of bf16")
    instance.model.name = "../toy"
    #expect(failure(CostFixture.cluster([instance]), profiles: bundle.root) != nil)
    #expect(failure(CostFixture.cluster([instance]), profiles: bundle.root + "/none") != nil)
  }

  @Test func unfinishedProfileIsNamed() throws {
    let bundle = try CostBundleFixture()
    try bundle.write("../fp8.partial/tp1/dense.csv", "")
    var instance = CostBundleFixture.instance()
    instance.weightType = .fp8
    let found = failure(CostFixture.cluster([instance]), profiles: bundle.root)
    #expect(found?.file.hasSuffix("toy/fp8.partial") == true)
    #expect(found?.suggestion?.contains("run the profiler again") == true)
    instance.weightType = .float32
    #expect(
      failure(CostFixture.cluster([instance]), profiles: bundle.root)?.expected == "one of bf16")
  }

  /// Whatever is wrong with a profile, the message says what would mend it.
  @Test(arguments: [
    "meta.yaml", "tp1/dense.csv", "tp1/per_sequence.csv", "tp1/attention.csv", "tp1/skew_fit.csv",
  ])
  func damageComesWithARemedy(file: String) throws {
    let bundle = try CostBundleFixture()
    let cluster = CostFixture.cluster([CostBundleFixture.instance()])
    for damage in ["", "x", "a,b\n1,2\n"] {
      try bundle.write(file, damage)
      let found = try #require(failure(cluster, profiles: bundle.root), "\(damage)")
      #expect(found.file.hasSuffix(file))
      #expect(found.suggestion?.isEmpty == false)
    }
    try bundle.remove(file)
    #expect(failure(cluster, profiles: bundle.root)?.suggestion?.isEmpty == false)
    let degree = CostFixture.cluster([CostBundleFixture.instance(tpSize: 2)])
    #expect(failure(degree, profiles: bundle.root)?.suggestion?.isEmpty == false)
  }

  @Test func absentDataSheetNamesThoseThatAreThere() throws {
    let found = try #require(
      failure(
        CostFixture.cluster([CostFixture.instance(CostFixture.llama8B, hardware: "H10")]),
        hardware: CostAnalyticTests.catalog))
    #expect(found.key == "instances[0].hardware")
    #expect(found.suggestion == "did you mean H100?")
    #expect(found.expected?.contains("RTXPRO6000") == true)
  }

  @Test func withoutProfilesTimesComeFromTheDataSheet() throws {
    let costs = try CostSelection.models(
      for: CostFixture.cluster([CostFixture.instance(CostFixture.llama8B, hardware: "H100")]),
      hardware: CostAnalyticTests.catalog, profileDirectory: nil)
    #expect(costs[0].summary.hasPrefix("analytic "))
    #expect(costs[0].summary.hasSuffix("H100.json (coefficients: guess)"))
    #expect(!costs[0].usesContextExtremes)
  }
}
