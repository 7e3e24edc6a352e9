/// Nelder and Mead's search for a minimum: for few parameters and functions without usable derivatives, such as the
/// error of a simulation, which jumps where a batch comes out differently.
///
/// Deterministic: the same function gives the same steps.
/// Source: Nelder and Mead 1965, https://doi.org/10.1093/comjnl/7.4.308, with their coefficients.
struct SimplexSearch {
  var lower: [Double]
  var upper: [Double]
  /// Most evaluations of the function.
  var evaluations = 120
  /// Ends when no parameter differs by more than this fraction over the simplex. Guess: less than a fit can tell.
  var tolerance = 2e-3

  /// Parameters near `start` with the smallest value found; `step` is how far the first simplex reaches.
  func minimize<Failure: Error>(
    from start: [Double], step: [Double], _ function: ([Double]) throws(Failure) -> Double
  ) throws(Failure) -> [Double] {
    var left = evaluations
    func vertex(_ point: [Double]) throws(Failure) -> Vertex {
      let inside = zip(point, zip(lower, upper)).map { min(max($0, $1.0), $1.1) }
      left -= 1
      return Vertex(point: inside, value: try function(inside))
    }
    var simplex = [try vertex(start)]
    for j in start.indices {
      var moved = start
      moved[j] += moved[j] + step[j] <= upper[j] ? step[j] : -step[j]
      simplex.append(try vertex(moved))
    }
    while left > 0, !start.isEmpty {
      simplex.sort()
      if hasConverged(simplex) { break }
      let worst = simplex[simplex.count - 1]
      let rest = simplex.dropLast()
      let center = start.indices.map { j in
        rest.reduce(0) { $0 + $1.point[j] } / Double(rest.count)
      }
      func along(_ distance: Double) throws(Failure) -> Vertex {
        try vertex(zip(center, worst.point).map { $0 + distance * ($0 - $1) })
      }
      let reflected = try along(1)
      if reflected.value < simplex[0].value {
        let expanded = try along(2)
        simplex[simplex.count - 1] = min(expanded, reflected)
      } else if reflected.value < simplex[simplex.count - 2].value {
        simplex[simplex.count - 1] = reflected
      } else {
        let contracted = try along(reflected.value < worst.value ? 0.5 : -0.5)
        if contracted.value < min(reflected.value, worst.value) {
          simplex[simplex.count - 1] = contracted
        } else {
          let best = simplex[0].point
          for i in 1..<simplex.count {
            simplex[i] = try vertex(zip(best, simplex[i].point).map { ($0 + $1) / 2 })
          }
        }
      }
    }
    return simplex.min()?.point ?? start
  }

  private func hasConverged(_ simplex: [Vertex]) -> Bool {
    simplex[0].point.indices.allSatisfy { j in
      let values = simplex.map { $0.point[j] }
      let size = max(abs(values[0]), 1e-12)
      return (values.max() ?? 0) - (values.min() ?? 0) <= tolerance * size
    }
  }

  private struct Vertex: Comparable {
    var point: [Double]
    var value: Double
    /// Equal values keep the order in which they were found.
    static func < (a: Vertex, b: Vertex) -> Bool { a.value < b.value }
  }
}
