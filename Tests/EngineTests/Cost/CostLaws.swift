import Testing

@testable import Engine

/// Shapes for laws that hold for every cost model.
enum CostLaws {
  /// A shape with anything in it, consistent or not, each count below `bound`.
  static func anyShape(_ random: inout RandomStream, upTo bound: Int) -> IterationShape {
    var shape = IterationShape()
    func count(_ random: inout RandomStream) -> Int {
      random.nextIndex(below: 3) == 0 ? 0 : random.nextIndex(below: bound)
    }
    shape.prefillTokens = count(&random)
    shape.prefillContext = count(&random)
    shape.prefillPairs = count(&random)
    shape.prefillRequests = count(&random)
    shape.decodeRequests = count(&random)
    shape.decodeContext = count(&random)
    shape.decodeContextMin = count(&random)
    shape.decodeContextMax = count(&random)
    shape.decodeContextSquares = count(&random)
    shape.paddingTokens = count(&random)
    return shape
  }

  static let components: [WritableKeyPath<IterationShape, Int> & Sendable] = [
    \.prefillTokens, \.prefillContext, \.prefillPairs, \.prefillRequests, \.decodeRequests,
    \.decodeContext, \.decodeContextMin, \.decodeContextMax, \.decodeContextSquares,
    \.paddingTokens,
  ]
}
