extension HardwareSpec {
  /// Reads a hardware file; refuses unknown keys, and values outside of what makes sense.
  ///
  /// A data sheet alone is enough: usual coefficients then stand in, as a guess.
  public static func load(path: String) throws(InputError) -> HardwareSpec {
    try HardwareSpec(JSONDocument(path: path))
  }

  /// As `load(path:)`, from bytes; `file` is for messages.
  public static func parse(_ bytes: [UInt8], file: String) throws(InputError) -> HardwareSpec {
    try HardwareSpec(JSONDocument(bytes: bytes, file: file))
  }

  private init(_ document: JSONDocument) throws(InputError) {
    let root = try document.root.object(
      keys: ["name", "data_sheet", "calibration", "coefficients"])
    let name = try root.required("name").string()
    let dataSheet = try DataSheet(root.required("data_sheet"))
    // Coefficients and where they come from go together.
    guard root.present("coefficients") != nil || root.present("calibration") != nil else {
      self.init(
        source: document.file, name: name, dataSheet: dataSheet,
        coefficients: AnalyticCoefficients(), calibration: .usual)
      return
    }
    let calibration = try root.required("calibration").object(keys: ["origin", "note", "errors"])
    let origin = try calibration.required("origin").word(
      among: Calibration.Origin.allCases.map(\.rawValue))
    var errors: [String] = []
    for line in try calibration.present("errors")?.array() ?? [] {
      errors.append(try line.string())
    }
    self.init(
      source: document.file, name: name, dataSheet: dataSheet,
      coefficients: try AnalyticCoefficients(root.required("coefficients")),
      calibration: Calibration(
        origin: Calibration.Origin(rawValue: origin) ?? .guess,
        note: try calibration.required("note").string(), errors: errors))
  }

  /// The file's text: the same for the same values, read back as the same values.
  public var json: String {
    let sheet = dataSheet
    var sheetLines = [
      "\"source\": \(sheet.source.json)", "\"dense_bf16_tflops\": \(sheet.bf16Teraflops.json)",
    ]
    if let tflops = sheet.eightBitTeraflops {
      sheetLines.append("\"dense_8bit_tflops\": \(tflops.json)")
    }
    sheetLines += [
      "\"memory_bandwidth_gb_per_s\": \(sheet.memoryBandwidth.json)",
      "\"memory_gib\": \(sheet.memoryGiB.json)", "\"cache_mb\": \(sheet.cacheMegabytes.json)",
      "\"multiprocessors\": \(sheet.multiprocessors.json)",
    ]
    if let bandwidth = sheet.nvlinkBandwidth {
      sheetLines.append("\"nvlink_gb_per_s\": \(bandwidth.json)")
    }
    var calibrationLines = [
      "\"origin\": \(calibration.origin.rawValue.json)", "\"note\": \(calibration.note.json)",
    ]
    if !calibration.errors.isEmpty {
      let errors = calibration.errors.map { "      \($0.json)" }.joined(separator: ",\n")
      calibrationLines.append("\"errors\": [\n\(errors)\n    ]")
    }
    let coefficientLines = AnalyticCoefficients.fields.map {
      "\"\($0.key)\": \(coefficients[keyPath: $0.path].json)"
    }
    func object(_ lines: [String]) -> String {
      "{\n" + lines.map { "    \($0)" }.joined(separator: ",\n") + "\n  }"
    }
    return """
      {
        "name": \(name.json),
        "data_sheet": \(object(sheetLines)),
        "calibration": \(object(calibrationLines)),
        "coefficients": \(object(coefficientLines))
      }

      """
  }
}

extension HardwareSpec.DataSheet {
  fileprivate init(_ node: JSONNode) throws(InputError) {
    let sheet = try node.object(keys: [
      "source", "dense_bf16_tflops", "dense_8bit_tflops", "memory_bandwidth_gb_per_s",
      "memory_gib", "cache_mb", "multiprocessors", "nvlink_gb_per_s",
    ])
    // Guess: three orders of magnitude around today's accelerators.
    let rate = 0.1...1_000_000.0
    self.init(
      source: try sheet.present("source")?.string() ?? "not given",
      bf16Teraflops: try sheet.required("dense_bf16_tflops").number(rate),
      eightBitTeraflops: try sheet.present("dense_8bit_tflops")?.number(rate),
      memoryBandwidth: try sheet.required("memory_bandwidth_gb_per_s").number(rate),
      memoryGiB: try sheet.required("memory_gib").number(0.1...100_000),
      cacheMegabytes: try sheet.required("cache_mb").number(0...100_000),
      multiprocessors: try sheet.required("multiprocessors").number(1...100_000),
      nvlinkBandwidth: try sheet.present("nvlink_gb_per_s")?.number(rate))
  }
}

extension AnalyticCoefficients {
  fileprivate init(_ node: JSONNode) throws(InputError) {
    let object = try node.object(keys: Self.fields.map(\.key))
    self.init()
    for field in Self.fields {
      self[keyPath: field.path] = try object.required(field.key).number(field.range)
    }
  }
}

extension Double {
  /// Shortest text that reads back as this number; whole numbers without a point.
  fileprivate var json: String {
    Int(exactly: self).map { "\($0)" } ?? "\(self)"
  }
}

extension String {
  fileprivate var json: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20: text += " "
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
