import Foundation
import Testing

/// The page in headless Chromium; skipped with a message where that is not installed (`make test-report` installs it).
@Suite(.serialized, .enabled(if: Browser.path != nil, "chromium is not installed"))
struct ReportPageTests {
  /// What a script that was added to the page found.
  struct Findings: Decodable {
    struct Cell: Decodable {
      var run: Int
      var field: String
      var value: String
      var text: String
    }
    var problems: [String]
    var overflowing: [String]
    var cells: [Cell]
    var plots: Int
    var drawn: Int
    var badSVG: [String]
    var shortCSV: [String]
    var hacked: Bool
    var title: String
  }

  private static func open(
    _ runs: [String], _ folder: String, width: Int = 1280, flags: [String] = []
  ) throws -> Findings {
    let made = try Program.run(["report"] + runs + ["-o", "\(folder)/page.html"])
    #expect(made.exitCode == 0, "\(made.errors)")
    return try look(folder, width: width, flags: flags)
  }

  /// Opens `page.html` of a folder.
  private static func look(_ folder: String, width: Int = 1280, flags: [String] = []) throws
    -> Findings
  {
    let page = try String(contentsOfFile: "\(folder)/page.html", encoding: .utf8)
    try page.replacingOccurrences(of: "<title>", with: "<script>\(watch)</script><title>")
      .replacingOccurrences(of: "\n</body>", with: "<script>\(probe)</script>\n</body>")
      .write(toFile: "\(folder)/probed.html", atomically: true, encoding: .utf8)
    let (dom, log) = try Browser.dump(
      "\(folder)/probed.html", folder, ["--window-size=\(width),1000"] + flags)
    let talk = log.split(separator: "\n").filter { $0.contains("CONSOLE") }
    #expect(talk == [])
    let found = try #require(dom.firstMatch(of: /<template id="found">([A-Za-z0-9+\/=]*)</))
    let json = try #require(Data(base64Encoded: String(found.1)))
    return try JSONDecoder().decode(Findings.self, from: json)
  }

  private static func simulate(_ policy: String, _ folder: String, _ more: [String] = []) throws
    -> String
  {
    let path = "\(folder)/\(policy).json"
    let run = try Program.run(
      [
        "--cluster-config", "configs/cluster/single_node_2p1d.json", "--dataset",
        "workloads/bursty_long_prompts.jsonl", "--policy", "policies/\(policy).lua", "--goodput",
        "ttft:500 tpot:20 e2el:5000", "--run", path,
      ] + more)
    #expect(run.exitCode == 0, "\(run.errors)")
    return path
  }

  /// - Parameter others: plots of a comparison or a sweep.
  private static func check(_ found: Findings, runs: Int, others: Int = 0) {
    #expect(found.problems == [])
    #expect(found.overflowing == [])
    #expect(found.badSVG == [])
    #expect(found.shortCSV == [])
    // Four distributions, four over time, four of instances, and the stages of each run.
    #expect(found.plots == (runs > 0 ? 12 + runs : 0) + others)
    #expect(found.drawn == found.plots)
    #expect(!found.hacked)
  }

  @Test(arguments: [1280, 600]) func oneRunShowsTheNumbersOfItsFile(width: Int) throws {
    try Program.inFolder { folder in
      let path = try Self.simulate("least_kv", folder)
      let found = try Self.open([path], folder, width: width)
      Self.check(found, runs: 1)
      let file = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
      let json = try #require(file as? [String: Any])
      let slo = try #require(json["slo"] as? [String: Any])
      var fields = Set<String>()
      for cell in found.cells {
        let wanted = (json[cell.field] ?? slo[cell.field] ?? slo["share"]) as? Double
        let value = try #require(wanted, "\(cell.field)")
        // Foundation's parser may miss the last bit of a double.
        let shown = try #require(Double(cell.value))
        #expect(abs(shown - value) <= 1e-15 * abs(value), "\(cell.field)")
        let text = cell.text.filter { $0.isNumber || $0 == "." || $0 == "-" }
        let read = try #require(Double(text)) / (cell.text.hasSuffix("%") ? 100 : 1)
        #expect(abs(read - value) <= 5e-4 * max(1, abs(value)), "\(cell.field): \(cell.text)")
        fields.insert(cell.field)
      }
      #expect(
        fields.isSuperset(of: ["p99_ttft_ms", "mean_itl_ms", "request_goodput", "completed"]))
      #expect(fields.isSuperset(of: ["ttft_share", "tpot_share", "e2el_share", "slo_share"]))
    }
  }

  @Test func threeRunsAreOverlaid() throws {
    try Program.inFolder { folder in
      let paths = try ["least_kv", "random", "round_robin"].map { try Self.simulate($0, folder) }
      let found = try Self.open(paths, folder, flags: ["--force-dark-mode"])
      Self.check(found, runs: 3)
      #expect(Set(found.cells.map(\.run)) == [0, 1, 2])
      #expect(found.title == "3 runs compared")
    }
  }

  private static let loaded = [
    "--cluster-config", "configs/cluster/single_node_4p4d.json", "--dataset",
    "workloads/overload.jsonl", "--num-reqs", "80", "--goodput", "ttft:100 tpot:14",
  ]

  @Test func aComparisonShowsItsNumbersAndTheRunsOfItsFirstSeed() throws {
    try Program.inFolder { folder in
      let made = try Program.run(
        ["compare", "policies/least_kv.lua", "policies/random.lua", "native", "--seeds", "5"]
          + Self.loaded + ["-o", "\(folder)/c.json", "--report", "\(folder)/page.html"])
      #expect(made.exitCode == 0, "\(made.errors)")
      let found = try Self.look(folder)
      // The differences of two candidates.
      Self.check(found, runs: 3, others: 2)
      let file = try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(filePath: "\(folder)/c.json")))
      let blocks = try #require((file as? [String: Any])?["comparisons"] as? [[String: Any]])
      let against = try #require(blocks[0]["against"] as? [[String: Any]])
      let metrics = try against.flatMap { try #require($0["metrics"] as? [[String: Any]]) }
      let wanted = metrics.compactMap { $0["difference"] as? Double }
      let shown = found.cells.filter { $0.field.hasPrefix("difference_") }
        .compactMap { Double($0.value) }
      #expect(shown.count == wanted.count && wanted.count == 20)
      for (a, b) in zip(shown, wanted) { #expect(abs(a - b) <= 1e-12 * abs(b)) }
    }
  }

  @Test(arguments: [1280, 600]) func aSweepShowsTheMeansOfItsRows(width: Int) throws {
    try Program.inFolder { folder in
      let made = try Program.run(
        [
          "sweep", "policies/least_kv.lua", "policies/random.lua", "--set", "rate=20,60", "--set",
          "split=2:6..4:4", "--seeds", "2", "-o", "\(folder)/s.csv",
        ] + Self.loaded)
      #expect(made.exitCode == 0, "\(made.errors)")
      let found = try Self.open(["\(folder)/s.csv"], folder, width: width)
      // Four over the last axis, four heat maps, two trade-offs.
      Self.check(found, runs: 0, others: 10)
      let rows = try String(contentsOfFile: "\(folder)/s.csv", encoding: .utf8)
        .split(separator: "\r\n").map { $0.split(separator: ",").map(String.init) }
      let place = try #require(rows[0].firstIndex(of: "p99_ttft_ms"))
      let values = rows.dropFirst().compactMap { Double($0[place]) }
      let wanted = stride(from: 0, to: values.count, by: 2).map {
        (values[$0] + values[$0 + 1]) / 2
      }
      let shown = found.cells.filter { $0.field == "p99_ttft_ms" }.compactMap { Double($0.value) }
      #expect(shown == wanted && wanted.count == 12)
      #expect(found.title == "Sweep over rate, split")
    }
  }

  @Test func hostileNamesOfASweepStayText() throws {
    try Program.inFolder { folder in
      let attack = #"</script><script>hacked=1</script><img src=x onerror='hacked=1'>"#
      let header = "point,policy,\(attack),x,seed,p99_ttft_ms,p99_tpot_ms,p99_e2el_ms,"
      let rows = (0..<4).map { point in
        "\(point),\(attack)\(point / 2),\(attack)\(point % 2),\(attack),0,\(point + 1),\(9 - point),3,7,\(attack)"
      }
      try ([header + "output_throughput,bottleneck"] + rows).joined(separator: "\r\n")
        .write(toFile: "\(folder)/s.csv", atomically: true, encoding: .utf8)
      let found = try Self.open(["\(folder)/s.csv"], folder)
      Self.check(found, runs: 0, others: 10)
      #expect(found.title.contains("onerror"))
    }
  }

  /// The pictures of the guide: one run, three policies, their differences, a sweep. `make screenshots` keeps them.
  @Test func picturesAreTakenOfEachKindOfPage() throws {
    try Program.inFolder { folder in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["\(Program.root)/scripts/report-screenshots.sh", folder]
      process.environment = ["SIMHOST": Program.binary, "PATH": "/usr/bin:/bin", "HOME": folder]
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.hasSuffix(".png") }
      let kept = try FileManager.default.contentsOfDirectory(atPath: "\(Program.root)/docs/images")
      #expect(Set(names).isSubset(of: kept) && names.count == 4, "\(names)")
      for name in names {
        let png = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
        // The header of a PNG: width at byte 16. An empty page would be a few thousand bytes.
        let width = png[16..<20].reduce(0) { $0 << 8 | Int($1) }
        #expect(width == 1180 && png.count > 40_000, "\(name): \(png.count) bytes")
      }
    }
  }

  /// Names are text wherever they come from.
  @Test func hostileNamesStayText() throws {
    try Program.inFolder { folder in
      let path = try Self.simulate("least_kv", folder)
      let attack = #"</script><script>hacked=1</script><img src=x onerror='hacked=1'>{{data}}"#
      let text = try String(contentsOfFile: path, encoding: .utf8)
        .replacingOccurrences(of: "\"name\": \"", with: "\"name\": \"\(attack)")
        .replacingOccurrences(of: "\"source\": \"", with: "\"source\": \"\(attack)")
        .replacingOccurrences(of: "\"hook\": \"", with: "\"hook\": \"\(attack)")
        .replacingOccurrences(of: "\"notes\": [", with: "\"notes\": [\"\(attack)\"")
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let found = try Self.open([path], folder)
      Self.check(found, runs: 1)
      #expect(found.title.contains("onerror"))
    }
  }

  /// Stands before everything else on the page.
  private static let watch = """
    var problems = [], hacked = 0;
    addEventListener("error", (event) => problems.push(event.message ?? "a resource did not load"), true);
    addEventListener("securitypolicyviolation", (event) => problems.push(event.violatedDirective));
    """

  /// Uses the page as a reader would, then tells what it is like.
  private static let probe = """
    for (const button of document.querySelectorAll(".legend button")) { button.click(); button.click(); }
    for (const plot of document.querySelectorAll(".plot")) {
      for (const key of ["ArrowRight", "End", "Home"]) plot.dispatchEvent(new KeyboardEvent("keydown", { key }));
    }
    for (const select of document.querySelectorAll("select")) {
      select.selectedIndex = select.options.length - 1;
      select.dispatchEvent(new Event("change"));
    }
    dispatchEvent(new Event("beforeprint"));
    dispatchEvent(new Event("afterprint"));
    const page = document.documentElement;
    const overflowing = [...document.querySelectorAll("body *")]
      .filter((one) => !one.closest(".plot, .scroll, .legend, .skip") && one.getBoundingClientRect().right > page.clientWidth + 1)
      .map((one) => one.outerHTML.slice(0, 120));
    if (page.scrollWidth > page.clientWidth) overflowing.push("the page");
    for (const plot of document.querySelectorAll(".plot")) {
      const edge = plot.getBoundingClientRect();
      for (const text of plot.querySelectorAll("svg text")) {
        const box = text.getBoundingClientRect();
        if (box.right > edge.right + 2 || box.left < edge.left - 2) overflowing.push(text.textContent);
      }
    }
    const all = [...figures];
    const found = {
      problems, overflowing, hacked: Boolean(hacked), title: document.getElementById("title").textContent,
      cells: [...document.querySelectorAll("td[data-field]")].map((cell) =>
        ({ run: Number(cell.dataset.run), field: cell.dataset.field, value: cell.dataset.value, text: cell.textContent })),
      plots: document.querySelectorAll(".plot").length,
      drawn: [...document.querySelectorAll(".plot svg")].filter((svg) => svg.querySelectorAll("path").length > 2).length,
      badSVG: all.filter((one) => new DOMParser().parseFromString(one.svg(), "image/svg+xml").querySelector("parsererror, script, img"))
        .map((one) => one.description.title),
      shortCSV: all.filter((one) => one.csv().trim().split("\\n").length - 1
        !== one.description.series.reduce((sum, series) => sum + series.points.length, 0)).map((one) => one.description.title),
    };
    const text = new TextEncoder().encode(JSON.stringify(found));
    const element = document.createElement("template");
    element.id = "found";
    element.innerHTML = btoa(String.fromCharCode(...text));
    document.body.append(element);
    """
}

/// Headless Chromium.
enum Browser {
  static let path = ["chromium", "chromium-browser", "google-chrome"].map { "/usr/bin/\($0)" }
    .first(where: FileManager.default.isExecutableFile(atPath:))

  /// The page as it stands after its scripts have run, and what the browser logged.
  static func dump(_ page: String, _ folder: String, _ flags: [String]) throws -> (String, String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments =
      [
        "-s", "KILL", "240", path ?? "", "--headless", "--no-sandbox", "--disable-gpu",
        "--hide-scrollbars", "--user-data-dir=\(folder)/browser", "--enable-logging=stderr",
        "--virtual-time-budget=3000", "--dump-dom",
      ] + flags + ["file://\(page)"]
    let files = ["\(folder)/dom.html", "\(folder)/log.txt"]
    for file in files { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    let handles = try files.map { try FileHandle(forWritingTo: URL(fileURLWithPath: $0)) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handles[0]
    process.standardError = handles[1]
    try process.run()
    process.waitUntilExit()
    let texts = try files.map {
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self)
    }
    return (texts[0], texts[1])
  }
}
