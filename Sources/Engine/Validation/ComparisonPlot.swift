/// A picture of a comparison: the distributions of TTFT, TPOT and latency, and the series, measured and simulated.
///
/// SVG, written here: six charts of two lines each need axes and polylines, and no plotting library is among the
/// packages of Swift on Linux that this project can rely on.
public struct ComparisonPlot: OutputDocument {
  private let title: String
  private let comparison: Comparison

  public init(_ comparison: Comparison, title: String) {
    self.comparison = comparison
    self.title = title
  }

  public func write(to sink: inout ByteSink) {
    let charts = distributions + series
    let rows = (charts.count + 2) / 3
    let width = 3 * LineChart.width + 20
    let height = rows * LineChart.height + 60
    sink.write(
      """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)" font-family="sans-serif" font-size="11">
      <rect width="100%" height="100%" fill="white"/>
      <text x="20" y="24" font-size="14">\(LineChart.escaped(title))</text>
      <text x="20" y="42" fill="\(LineChart.colors[0])">measured</text>
      <text x="90" y="42" fill="\(LineChart.colors[1])">simulated</text>

      """)
    for (index, chart) in charts.enumerated() {
      let x = 10 + index % 3 * LineChart.width
      let y = 50 + index / 3 * LineChart.height
      sink.write("<g transform=\"translate(\(x),\(y))\">\n\(chart.svg)</g>\n")
    }
    sink.write("</svg>\n")
  }

  private var distributions: [LineChart] {
    let quantities: [(String, (ServedRequest) -> Double?)] = [
      ("TTFT ms, share of requests", { $0.timeToFirstToken }),
      ("TPOT ms, share of requests", { $0.timePerOutputToken }),
      ("latency ms, share of requests", { $0.latency }),
    ]
    guard !comparison.measured.isEmpty else { return [] }
    return quantities.map { name, value in
      LineChart(
        title: name,
        lines: [comparison.measured, comparison.simulated].map {
          Self.cumulative($0.compactMap(value).map { $0 / 1e6 })
        })
    }
  }

  private var series: [LineChart] {
    Comparison.quantities.compactMap { name, values in
      guard !comparison.measuredSeries[keyPath: values].isEmpty else { return nil }
      return LineChart(
        title: "\(name) over s",
        lines: [comparison.measuredSeries, comparison.simulatedSeries].map {
          comparison.padded($0[keyPath: values]).enumerated().map { (Double($0 + 1), $1) }
        })
    }
  }

  /// The share of values up to each of them.
  private static func cumulative(_ values: [Double]) -> [(Double, Double)] {
    let sorted = values.sorted()
    return sorted.enumerated().map { ($1, Double($0 + 1) / Double(sorted.count)) }
  }
}

/// One chart: axes from 0, and a line for each series.
struct LineChart {
  static let width = 330
  static let height = 230
  /// Blue and orange, which the colour-blind tell apart. Source: Okabe and Ito, https://jfly.uni-koeln.de/color/
  static let colors = ["#0072B2", "#D55E00"]

  var title: String
  var lines: [[(Double, Double)]]

  private static let (left, top, right, bottom) = (48.0, 24.0, 316.0, 196.0)

  var svg: String {
    let points = lines.joined()
    let maxX = Self.ceiling(points.map(\.0).max() ?? 1)
    let maxY = Self.ceiling(points.map(\.1).max() ?? 1)
    func place(_ x: Double, _ y: Double) -> String {
      let px = Self.left + x / maxX * (Self.right - Self.left)
      let py = Self.bottom - y / maxY * (Self.bottom - Self.top)
      return "\(Self.short(px)),\(Self.short(py))"
    }
    var text = "<text x=\"\(Self.left)\" y=\"14\">\(Self.escaped(title))</text>\n"
    for tick in 0...4 {
      let share = Double(tick) / 4
      let x = Self.left + share * (Self.right - Self.left)
      let y = Self.bottom - share * (Self.bottom - Self.top)
      text += """
        <path d="M\(Self.left) \(y)H\(Self.right)" stroke="#ddd"/>
        <text x="\(Self.left - 4)" y="\(y + 4)" text-anchor="end">\(Self.short(share * maxY))</text>
        <text x="\(x)" y="\(Self.bottom + 14)" text-anchor="middle">\(Self.short(share * maxX))</text>

        """
    }
    for (line, color) in zip(lines, Self.colors) {
      let path = line.map { place($0.0, $0.1) }.joined(separator: " ")
      text +=
        "<polyline fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.5\" points=\"\(path)\"/>\n"
    }
    return text
  }

  /// The next of 1, 2, 4, 6, 8 times a power of ten, so that quarters are short numbers.
  static func ceiling(_ value: Double) -> Double {
    guard value > 0, value < 1e15 else { return 1 }
    var power = 1.0
    while power < value { power *= 10 }
    while power / 10 >= value { power /= 10 }
    return [0.1, 0.2, 0.4, 0.6, 0.8, 1].map { $0 * power }.first { $0 >= value } ?? power
  }

  /// At most two decimals.
  static func short(_ value: Double) -> String {
    let hundredths = (value * 100).rounded() / 100
    return hundredths == hundredths.rounded() ? "\(Int(hundredths))" : "\(hundredths)"
  }

  static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case _ where character.unicodeScalars.contains { $0.value < 0x20 }: result += "?"
      default: result.append(character)
      }
    }
  }
}
