/// The points of a sweep with the means over their seeds, from the CSV that `simhost sweep` writes.
///
/// Nothing in it is trusted: columns are looked up by name, numbers are bounded, and rows have one length.
public struct SweepTable: Sendable {
  public struct Point: Sendable, Equatable {
    public var policy: String
    /// Of each axis, in order.
    public var values: [String]
    public var seeds: Int
    /// Of each column of numbers, over the seeds that have one.
    public var means: [String: Double]
    /// The one of most seeds.
    public var bottleneck: String
  }

  public var path: String
  public var axes: [String]
  /// Names of the columns behind the seed.
  public var columns: [String]
  /// In the order of the file.
  public var points: [Point]

  /// Largest file, and most rows. Guess: what a browser still shows.
  private static let largest = 64 << 20
  private static let mostRows = 1_000_000

  public static func load(path: String) throws(InputError) -> SweepTable {
    let bytes = try InputFile.read(path, limit: largest)
    return try SweepTable(
      lines: String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        .map(String.init), path: path)
  }

  /// - Parameter lines: the header, then the rows, without their ends.
  public init(lines: [String], path: String) throws(InputError) {
    func refuse(_ line: Int, _ problem: String, _ expected: String) -> InputError {
      InputError(file: path, line: line, problem: problem, expected: expected)
    }
    let header = lines.first.map(Self.cells) ?? []
    guard header.count >= 4, header[0] == "point", header[1] == "policy",
      let seed = header.firstIndex(of: "seed"), let bottleneck = header.firstIndex(of: "bottleneck")
    else {
      throw refuse(1, "is no table of simhost sweep", "the columns point, policy, …, seed, …")
    }
    guard lines.count <= Self.mostRows else {
      throw refuse(Self.mostRows, "is one of \(lines.count) rows", "at most \(Self.mostRows)")
    }
    self.path = path
    axes = Array(header[2..<seed])
    columns = Array(header[(seed + 1)...])
    points = []
    var number: String?
    var rows: [[String]] = []
    for (place, line) in lines.enumerated().dropFirst() {
      let row = Self.cells(line)
      guard row.count == header.count else {
        throw refuse(place + 1, "has \(row.count) columns", "\(header.count), as in the header")
      }
      for column in header.indices.dropFirst(seed + 1) where column != bottleneck {
        if !row[column].isEmpty, Double(row[column])?.isFinite != true {
          throw refuse(
            place + 1, "\(header[column]) is \(row[column].prefix(40))", "a number, or nothing")
        }
      }
      if row[0] != number, !rows.isEmpty {
        points.append(Point(rows, header, seed: seed, bottleneck: bottleneck))
        rows = []
      }
      number = row[0]
      rows.append(row)
    }
    if !rows.isEmpty { points.append(Point(rows, header, seed: seed, bottleneck: bottleneck)) }
  }

  /// One line, in quotes where its content needs them (RFC 4180).
  public static func cells(_ line: String) -> [String] {
    var cells = [""]
    var isQuoted = false
    var wasQuote = false
    for character in line {
      if character == "\"" {
        // A doubled quote within quotes is one.
        if !isQuoted, wasQuote { cells[cells.count - 1].append("\"") }
        isQuoted.toggle()
        wasQuote = !isQuoted
        continue
      }
      wasQuote = false
      if character == ",", !isQuoted {
        cells.append("")
      } else {
        cells[cells.count - 1].append(character)
      }
    }
    return cells
  }

  /// Places of the points that have the most of a column among those that agree in policy and in all axes but the last.
  public func best(by column: String) -> Set<Int> {
    var best: [[String]: Int] = [:]
    var sizes: [[String]: Int] = [:]
    for (place, point) in points.enumerated() {
      guard let value = point.means[column] else { continue }
      let group = [point.policy] + point.values.dropLast()
      sizes[group, default: 0] += 1
      guard let other = best[group], let most = points[other].means[column], most >= value else {
        best[group] = place
        continue
      }
    }
    return Set(best.filter { sizes[$0.key, default: 0] > 1 }.values)
  }
}

extension SweepTable.Point {
  /// - Parameter rows: of one point, a row for each seed.
  fileprivate init(_ rows: [[String]], _ header: [String], seed: Int, bottleneck: Int) {
    policy = rows[0][1]
    values = Array(rows[0][2..<seed])
    seeds = rows.count
    means = [:]
    for column in header.indices.dropFirst(seed + 1) where column != bottleneck {
      let numbers = rows.compactMap { Double($0[column]) }
      if !numbers.isEmpty {
        means[header[column]] = numbers.reduce(0, +) / Double(numbers.count)
      }
    }
    var counts: [String: Int] = [:]
    for row in rows { counts[row[bottleneck], default: 0] += 1 }
    self.bottleneck = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? ""
  }
}
