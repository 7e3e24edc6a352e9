import Testing

@testable import Engine

@Suite struct CostCalibrationTests {
  @Test func leastSquaresFindsKnownParametersDespiteOutliers() {
    // y = a x / (b + x) with a = 3, b = 0.5; one point in ten is spoilt.
    let xs = (1...100).map { Double($0) * 0.1 }
    let ys = xs.enumerated().map { $0 % 10 == 9 ? 9 : 3 * $1 / (0.5 + $1) }
    let solver = LeastSquares(lower: [0, 0.01], upper: [10, 10], tolerance: 0.01)
    let found = solver.minimize(from: [1, 1]) { parameters, residuals in
      residuals = zip(xs, ys).map { parameters[0] * $0 / (parameters[1] + $0) - $1 }
    }
    #expect(abs(found[0] - 3) < 0.02 && abs(found[1] - 0.5) < 0.03, "\(found)")
  }

  @Test func leastSquaresStaysWithinBounds() {
    let solver = LeastSquares(lower: [0, 2], upper: [1, 2], tolerance: 1)
    let found = solver.minimize(from: [0.5, 7]) { parameters, residuals in
      residuals = [parameters[0] - 5, parameters[1] - 3]
    }
    #expect(found == [1, 2])
  }

  @Test func samplesStayInTheirRegime() {
    for regime in CalibrationRegime.allCases {
      let shapes = regime.shapes(count: 500, seed: 3)
      #expect(shapes == regime.shapes(count: 500, seed: 3))
      #expect(shapes != regime.shapes(count: 500, seed: 4))
      for shape in shapes {
        switch regime {
        case .decodeFew: #expect((1...16).contains(shape.decodeRequests))
        case .decodeMany: #expect((17...256).contains(shape.decodeRequests))
        case .prefillShort: #expect((16...512).contains(shape.prefillTokens))
        case .prefillLong: #expect((513...2048).contains(shape.prefillTokens))
        case .mixed: #expect(shape.decodeRequests > 0 && shape.prefillTokens >= 16)
        }
        #expect(shape.decodeContextMax <= 16384 && shape.prefillContext <= 16384)
      }
    }
  }

  @Test(.enabled(if: CostFixture.data != nil, "reference data is absent; set SIMHOST_DATA"))
  func shippedCoefficientsFitWhatTheyWereFittedOn() throws {
    let profiles = try #require(CostFixture.profiles)
    let hardware = try #require(try CostAnalyticTests.catalog.hardware(named: "RTXPRO6000"))
    var subjects: [Calibration.Subject] = []
    for model in [CostFixture.llama8B, CostFixture.qwen32B] {
      for tpSize in [1, 2] {
        subjects.append(
          try Calibration.Subject(
            profileDirectory: profiles, hardware: hardware, model: model, tpSize: tpSize))
      }
    }
    let calibration = Calibration(hardware: hardware, subjects: subjects)
    for errors in calibration.check(hardware.coefficients, on: subjects) {
      #expect(errors.median < 0.04, "\(errors)")
      #expect(errors.p90 < 0.2, "\(errors)")
    }
  }

  @Test(.enabled(if: CostFixture.data != nil, "reference data is absent; set SIMHOST_DATA"))
  func aFitIsTheSameEveryTimeAndBetterThanItsStart() throws {
    let hardware = try #require(try CostAnalyticTests.catalog.hardware(named: "RTX4090"))
    let subject = try Calibration.Subject(
      profileDirectory: #require(CostFixture.profiles), hardware: hardware,
      model: CostFixture.llama8B, tpSize: 1)
    var calibration = Calibration(hardware: hardware, subjects: [subject])
    calibration.samplesPerRegime = 20
    let fitted = calibration.fitted()
    #expect(calibration.fitted() == fitted)
    let before = calibration.check(AnalyticCoefficients(), on: [subject])
    let after = calibration.check(fitted, on: [subject])
    #expect(after.map(\.mean).reduce(0, +) < before.map(\.mean).reduce(0, +))
  }
}
