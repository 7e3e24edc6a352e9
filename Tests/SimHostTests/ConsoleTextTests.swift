import Testing

@testable import SimHost

@Suite struct ConsoleTextTests {
  @Test(arguments: [
    (0.0, 1, "0.0"), (1234.5, 1, "1,234.5"), (-0.04, 1, "0.0"), (-1.25, 2, "-1.25"),
    (999.96, 1, "1,000.0"), (0.0625, 3, "0.063"), (12, 0, "12"), (.nan, 1, "-"),
    (1e300, 1, "1e+300"),
  ])
  func fixedDecimals(_ value: Double, _ decimals: Int, _ text: String) {
    #expect(ConsoleText.fixed(value, decimals) == text)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"),
    (Int.min, "-9,223,372,036,854,775,808"),
  ])
  func thousandsStandApart(_ value: Int, _ text: String) {
    #expect(ConsoleText.grouped(value) == text)
  }

  @Test(arguments: [
    (0.0, "0"), (620, "620"), (999.4, "999"), (999.6, "1.0k"), (3_100, "3.1k"),
    (999_949, "999.9k"), (999_951, "1.0M"), (2_400_000, "2.4M"),
  ])
  func compactNumbersKeepTwoDigits(_ value: Double, _ text: String) {
    #expect(ConsoleText.compact(value) == text)
  }

  @Test func linesBreakBetweenItems() {
    #expect(
      ConsoleText.labelled("label", ["aaaa", "bbbb", "cccc"], indent: 7, width: 18)
        == """
        label  aaaa, bbbb,
               cccc
        """)
  }

  @Test func progressShowsRateAndTimeLeft() {
    #expect(
      ProgressBar.line(ended: 25, of: 100, seconds: 5, width: 60)
        == "[====>              ]   25 %  25 of 100  5 req/s  0:15 left")
    #expect(
      ProgressBar.line(ended: 0, of: 100, seconds: 0.2, width: 60).hasSuffix("0 %  0 of 100"))
    for width in 20...120 {
      let line = ProgressBar.line(
        ended: 123_456, of: 10_000_000, seconds: 1.5, width: width)
      #expect(line.count < width, "width \(width): \(line)")
    }
    #expect(
      ProgressBar.line(ended: 1, of: 7201, seconds: 1, width: 80).hasSuffix("2:00:00 left"))
    #expect(!ProgressBar.line(ended: 0, of: 0, seconds: 0, width: 80).isEmpty)
  }

  @Test func noColorIsObeyed() {
    // The test's own output may or may not be a terminal; with NO_COLOR it does not matter.
    #expect(!ConsoleStyle(descriptor: 1, environment: ["NO_COLOR": "1"]).isColored)
    #expect(ConsoleStyle.plain.heading("a") == "a")
    #expect(ConsoleStyle(isColored: true).heading("a") == "\u{1B}[1ma\u{1B}[0m")
  }

  @Test func levelsIncludeThoseBefore() {
    #expect(LogLevel.debug > .info)
    #expect(LogLevel.info > .warning)
    #expect(LogLevel(rawValue: "INFO") == .info)
  }
}
