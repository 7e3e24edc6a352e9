import Testing

@testable import Engine

@Suite struct SweepTableTests {
  private static let header = "point,policy,rate,split,seed,mean_ttft_ms,request_goodput,bottleneck"

  private static func table(_ rows: [String]) throws -> SweepTable {
    try SweepTable(lines: [header] + rows, path: "sweep.csv")
  }

  @Test func pointsAreMeansOverSeeds() throws {
    let table = try Self.table([
      "0,\"a \"\"b\"\", c\",4,1:3,0,10,1,network", "0,\"a \"\"b\"\", c\",4,1:3,1,20,,network",
      "1,native,4,3:1,0,5,3,not saturated",
    ])
    #expect(table.axes == ["rate", "split"])
    #expect(table.points.map(\.policy) == ["a \"b\", c", "native"])
    #expect(table.points.map(\.seeds) == [2, 1])
    #expect(table.points[0].means == ["mean_ttft_ms": 15, "request_goodput": 1])
    #expect(table.points[0].bottleneck == "network")
  }

  @Test func theBestIsFoundForEachValueOfTheOtherAxes() throws {
    let table = try Self.table([
      "0,p,1,1:3,0,9,1,x", "1,p,1,2:2,0,9,3,x", "2,p,1,3:1,0,9,3,x", "3,p,2,1:3,0,9,,x",
      "4,p,2,2:2,0,9,1,x", "5,p,2,3:1,0,9,2,x", "6,q,1,1:3,0,9,8,x",
    ])
    // Of equals the first; a group of one has no best.
    #expect(table.best(by: "request_goodput") == [1, 5])
  }

  @Test(arguments: [
    [], ["a,b,c"], ["point,policy,rate,seed"], [header, "1,p,2"],
    [header, "0,p,1,1:3,0,fast,1,x"], [header, "0,p,1,1:3,0,nan,1,x"],
    [header, "0,p,1,1:3,0,1e999,1,x"],
  ])
  func otherTablesAreRefused(_ lines: [String]) {
    #expect(throws: InputError.self) { try SweepTable(lines: lines, path: "sweep.csv") }
  }
}
