import Foundation
import Testing

@testable import Engine

/// Fitting an accelerator to a table of whole iterations.
@Suite struct IterationTableTests {
  private static func read(_ text: String) throws -> MeasuredIterations {
    let path = FileManager.default.temporaryDirectory.path + "/iterations-\(UUID().uuidString).csv"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try MeasuredIterations(path: path)
  }

  private static let header = MeasuredIterations.columns.joined(separator: ",")

  /// Times of an accelerator whose coefficients are known.
  private static func table(_ hardware: HardwareSpec, link: LinkSpec, degrees: [Int]) -> String {
    var lines = [header]
    for degree in degrees {
      let cost = AnalyticCost(
        hardware: hardware,
        instance: Calibration.instance(
          model: CostFixture.llama8B, hardware: hardware, tpSize: degree), link: link)
      func add(_ prefill: Int, _ decodes: Int, _ context: Int) {
        var shape = IterationShape()
        shape.prefillTokens = prefill
        shape.prefillPairs = prefill * (prefill + 1) / 2
        shape.prefillRequests = prefill > 0 ? 1 : 0
        shape.decodeRequests = decodes
        shape.decodeContext = context
        let mean = decodes > 0 ? context / decodes : 0
        (shape.decodeContextMin, shape.decodeContextMax) = (mean, mean)
        shape.decodeContextSquares = decodes * mean * mean
        lines.append("\(degree),\(prefill),\(decodes),\(context),\(cost.seconds(shape) * 1e6)")
      }
      for tokens in stride(from: 32, through: 2048, by: 32) { add(tokens, 0, 0) }
      for decodes in [1, 2, 4, 8, 16, 32, 64, 128] {
        for context in [64, 128, 256, 512, 1024, 2048] { add(0, decodes, decodes * context) }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test func timesOfAKnownAcceleratorAndLinkAreFoundAgain() throws {
    var hardware = try #require(try CostAnalyticTests.catalog.hardware(named: "RTXPRO6000"))
    hardware.coefficients = AnalyticCoefficients()
    hardware.coefficients.denseComputeEfficiency *= 0.8
    hardware.coefficients.decodeAttentionEfficiency *= 0.7
    let link = LinkSpec(bandwidth: 100, latency: SimDuration(nanoseconds: 15_000))
    let iterations = try Self.read(Self.table(hardware, link: link, degrees: [1, 2]))
    let fit = iterations.fitted(hardware, model: CostFixture.llama8B)
    #expect(
      fit.errors.map(\.label) == ["tp1; prefill", "tp1; decode", "tp2; prefill", "tp2; decode"])
    for errors in fit.errors {
      #expect(errors.count > 20 && errors.median < 0.01 && errors.maximum < 0.1, "\(errors)")
    }
    let found = try #require(fit.link)
    #expect((50...200).contains(found.bandwidth), "\(found)")
    #expect((7_500...30_000).contains(found.latency.nanoseconds), "\(found)")
  }

  @Test func oneAcceleratorHasNoLink() throws {
    let hardware = try #require(try CostAnalyticTests.catalog.hardware(named: "RTXPRO6000"))
    let link = LinkSpec(bandwidth: 1, latency: .zero)
    let iterations = try Self.read(Self.table(hardware, link: link, degrees: [1]))
    #expect(iterations.fitted(hardware, model: CostFixture.llama8B).link == nil)
  }

  @Test(arguments: [
    ("1,64,0,0,0", "is no iteration"), ("0,64,0,0,5", "is no iteration"),
    ("1,0,0,0,5", "is no iteration"), ("1,0,8,7,5", "is no iteration"),
    ("1,1.5,0,0,5", "is no iteration"), ("1,64,0,0", "4 columns"), ("1,64,0,0,nan", "nan"),
    ("1,64,0,0,5", "has 1 iterations"),
  ])
  func wrongRowsAreOneError(_ row: String, _ expected: String) throws {
    let error = #expect(throws: InputError.self) { try Self.read("\(Self.header)\n\(row)\n") }
    #expect("\(try #require(error))".contains(expected), "\(String(describing: error))")
  }
}
