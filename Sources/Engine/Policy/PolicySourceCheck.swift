/// What the text of a policy tells without running it: parameters that nothing reads, fields that no view has.
public struct PolicySourceCheck {
  /// Findings, one sentence each.
  public private(set) var findings: [String] = []

  /// - Parameter text: of all files of the policy.
  public init(text: String, parameters: [String]) {
    let words = Self.words(of: text)
    for name in parameters where words.count(where: { $0 == name }) < 2 {
      findings.append("parameter '\(name)' is declared and never read")
    }
    var seen: Set<String> = []
    for view in PolicyReference.View.allCases {
      let known = Set(PolicyReference.fields(of: view).map(\.name))
      // A view by its usual name; what a policy calls otherwise is checked when it runs.
      for i in words.indices.dropLast(2)
      where words[i] == view.rawValue && (words[i + 1] == "." || words[i + 1] == ":") {
        let isMember = i > 0 && (words[i - 1] == "." || words[i - 1] == ":")
        let field = words[i + 2]
        guard !isMember, !known.contains(field), seen.insert("\(view).\(field)").inserted
        else { continue }
        findings.append("\(view.rawValue) has no field '\(field)'")
      }
    }
  }

  /// Words and signs, without comments and strings.
  static func words(of text: String) -> [String] {
    var words: [String] = []
    let bytes = Array(text.utf8)
    func isWord(_ byte: UInt8) -> Bool {
      byte == UInt8(ascii: "_") || (48...57).contains(byte) || (97...122).contains(byte | 0x20)
    }
    var i = 0
    while i < bytes.count {
      let byte = bytes[i]
      if isWord(byte) {
        let start = i
        while i < bytes.count, isWord(bytes[i]) { i += 1 }
        words.append(String(decoding: bytes[start..<i], as: UTF8.self))
      } else if byte == UInt8(ascii: "-"), i + 1 < bytes.count, bytes[i + 1] == byte {
        while i < bytes.count, bytes[i] != UInt8(ascii: "\n") { i += 1 }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        i += 1
        let start = i
        while i < bytes.count, bytes[i] != byte, bytes[i] != UInt8(ascii: "\n") {
          i += bytes[i] == UInt8(ascii: "\\") ? 2 : 1
        }
        // A name in quotes is a use of it: cluster:argmin(list, "inflight"), params["weight"].
        let inner = bytes[start..<min(i, bytes.count)]
        if inner.allSatisfy(isWord), !inner.isEmpty {
          words.append(String(decoding: inner, as: UTF8.self))
        }
        i += 1
      } else {
        if byte > 32 { words.append(String(UnicodeScalar(byte))) }
        i += 1
      }
    }
    return words
  }
}
