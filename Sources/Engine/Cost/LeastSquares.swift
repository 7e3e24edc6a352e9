/// Levenberg-Marquardt for small problems: bounded parameters, residuals with a robust weight.
///
/// Deterministic: the same inputs give the same steps. Residuals beyond `tolerance` count linearly rather than squared,
/// so that a few odd measurements do not bend the fit.
/// Source: Marquardt 1963, https://doi.org/10.1137/0111030; Huber 1964, https://doi.org/10.1214/aoms/1177703732.
struct LeastSquares {
  var lower: [Double]
  var upper: [Double]
  /// Where residuals begin to count linearly.
  var tolerance: Double
  var maximumSteps = 200

  /// Parameters that minimise the sum over `residuals`, starting from `start`; those with equal bounds stay.
  func minimize(
    from start: [Double], residuals: (_ parameters: [Double], _ into: inout [Double]) -> Void
  ) -> [Double] {
    var parameters = zip(start, zip(lower, upper)).map { min(max($0, $1.0), $1.1) }
    var current: [Double] = []
    residuals(parameters, &current)
    var loss = self.loss(current)
    var damping = 1e-2
    var shifted: [Double] = []
    for _ in 0..<maximumSteps {
      // Columns of derivatives, by steps of a thousandth into the interior.
      var jacobian: [[Double]] = []
      for j in parameters.indices {
        var moved = parameters
        let step = self.step(parameters[j], j)
        moved[j] += step
        residuals(moved, &shifted)
        jacobian.append(
          step == 0 ? [] : zip(shifted, current).map { ($0 - $1) / step })
      }
      let free = parameters.indices.filter { !jacobian[$0].isEmpty }
      let weights = current.map { min(1, tolerance / max(abs($0), 1e-300)) }
      var improved = false
      while damping < 1e12 {
        let change = solve(jacobian, free, current, weights, damping)
        var candidate = parameters
        for (j, delta) in zip(free, change) {
          candidate[j] = min(max(parameters[j] + delta, lower[j]), upper[j])
        }
        residuals(candidate, &shifted)
        let next = self.loss(shifted)
        if next < loss {
          improved = loss - next > 1e-10 * loss
          (parameters, current, loss) = (candidate, shifted, next)
          damping = max(damping / 4, 1e-12)
          break
        }
        damping *= 4
      }
      if !improved { break }
    }
    return parameters
  }

  private func loss(_ residuals: [Double]) -> Double {
    residuals.reduce(0) { sum, residual in
      let size = abs(residual)
      return sum
        + (size <= tolerance ? size * size : tolerance * (2 * size - tolerance))
    }
  }

  private func step(_ value: Double, _ j: Int) -> Double {
    let span = upper[j] - lower[j]
    guard span > 0 else { return 0 }
    let size = min(max(abs(value) * 1e-3, span * 1e-7), span / 2)
    return value + size <= upper[j] ? size : -size
  }

  /// Solves the damped and weighted normal equations for the free parameters, by Cholesky's method.
  private func solve(
    _ jacobian: [[Double]], _ free: [Int], _ residuals: [Double], _ weights: [Double],
    _ damping: Double
  ) -> [Double] {
    let n = free.count
    var matrix = [Double](repeating: 0, count: n * n)
    var right = [Double](repeating: 0, count: n)
    for a in 0..<n {
      let column = jacobian[free[a]]
      for i in residuals.indices { right[a] -= weights[i] * column[i] * residuals[i] }
      for b in 0...a {
        let other = jacobian[free[b]]
        var sum = 0.0
        for i in residuals.indices { sum += weights[i] * column[i] * other[i] }
        matrix[a * n + b] = sum
      }
    }
    for a in 0..<n { matrix[a * n + a] += damping * max(matrix[a * n + a], 1e-30) }
    for a in 0..<n {
      for b in 0...a {
        var sum = matrix[a * n + b]
        for c in 0..<b { sum -= matrix[a * n + c] * matrix[b * n + c] }
        matrix[a * n + b] = a == b ? max(sum, 1e-300).squareRoot() : sum / matrix[b * n + b]
      }
    }
    for a in 0..<n {
      for c in 0..<a { right[a] -= matrix[a * n + c] * right[c] }
      right[a] /= matrix[a * n + a]
    }
    for a in (0..<n).reversed() {
      for c in a + 1..<max(n, a + 1) { right[a] -= matrix[c * n + a] * right[c] }
      right[a] /= matrix[a * n + a]
    }
    return right
  }
}
