/// Writes a workload as a trace that reads back equal.
public struct WorkloadWriter: Sendable {
  public enum Style: String, Sendable, CaseIterable {
    case llmServingSim = "llmservingsim"
    case mooncake
  }

  private let workload: Workload
  private let style: Style

  /// - Throws: `SpecError` where the format cannot tell what the workload holds.
  public init(_ workload: Workload, as style: Style) throws(SpecError) {
    self.workload = workload
    self.style = style
    let format = style == .mooncake ? MooncakeReader.format.name : LLMServingSimReader.format.name
    let unit = style == .mooncake ? MooncakeReader.blockTokens : 1
    guard workload.content.isEmpty || workload.contentUnit == unit else {
      throw SpecError(
        format,
        "has an id for each \(unit) tokens, the workload one for each \(workload.contentUnit)"
      )
    }
    guard style == .mooncake else { return }
    for request in workload.requests {
      guard request.traits < 0 else { throw SpecError(format, "has no kinds of requests") }
      guard request.session < 0 else { throw SpecError(format, "has no sessions") }
      guard request.arrival.nanoseconds % 1_000_000 == 0 else {
        throw SpecError(format, "has whole milliseconds; the workload has finer arrivals")
      }
    }
  }

  /// Hands the text to `sink` in pieces of about 64 KiB.
  public func write<Failure>(to sink: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
    var text = TraceTextBuffer()
    var index = 0
    while index < workload.requests.count {
      index = appendLine(from: index, to: &text)
      if text.bytes.count >= 65_536 {
        try sink(text.bytes)
        text.bytes.removeAll(keepingCapacity: true)
      }
    }
    if !text.bytes.isEmpty { try sink(text.bytes) }
  }

  /// Returns the index behind the requests that the line holds.
  private func appendLine(from index: Int, to text: inout TraceTextBuffer) -> Int {
    let request = workload.requests[index]
    guard style == .llmServingSim else {
      text.append("{\"timestamp\":", request.arrival.nanoseconds / 1_000_000)
      text.append(",\"input_length\":", Int64(request.promptTokens))
      text.append(",\"output_length\":", Int64(request.outputTokens))
      if request.contentCount > 0 {
        text.append(",\"hash_ids\":", ids(request, 0..<Int(request.contentCount)))
      }
      text.append("}\n")
      return index + 1
    }
    let calls = workload.requests[(index + 1)...].prefix { $0.followsPrevious }
    guard !calls.isEmpty || request.session >= 0 && request.turn == 0 else {
      text.append("{")
      appendCall(request, to: &text)
      text.append(",\"arrival_time_ns\":", request.arrival.nanoseconds)
      appendSession(request, to: &text)
      appendTraits(request, to: &text)
      text.append("}\n")
      return index + 1
    }
    text.append("{\"arrival_time_ns\":", request.arrival.nanoseconds)
    appendSession(request, to: &text)
    appendTraits(request, to: &text)
    text.append(",\"sub_requests\":[")
    for call in index..<calls.endIndex {
      text.append(call == index ? "{" : ",{")
      appendCall(workload.requests[call], to: &text)
      if call + 1 < calls.endIndex {
        let delay = workload.requests[call + 1].toolDelay
        text.append(",\"tool_duration_ns\":", delay.nanoseconds)
      }
      text.append("}")
    }
    text.append("]}\n")
    return calls.endIndex
  }

  private func appendCall(_ request: WorkloadRequest, to text: inout TraceTextBuffer) {
    text.append("\"input_toks\":", Int64(request.promptTokens))
    text.append(",\"output_toks\":", Int64(request.outputTokens))
    guard request.contentCount > 0 else { return }
    let (prompt, all) = (Int(request.promptTokens), Int(request.contentCount))
    text.append(",\"input_tok_ids\":", ids(request, 0..<min(prompt, all)))
    if all > prompt { text.append(",\"output_tok_ids\":", ids(request, prompt..<all)) }
  }

  private func appendSession(_ request: WorkloadRequest, to text: inout TraceTextBuffer) {
    guard request.session >= 0 else { return }
    text.append(",\"session_id\":")
    text.appendQuoted(workload.sessionNames[Int(request.session)])
  }

  private func appendTraits(_ request: WorkloadRequest, to text: inout TraceTextBuffer) {
    guard request.traits >= 0 else { return }
    let traits = workload.traits[Int(request.traits)]
    if traits.priority != 0 { text.append(",\"priority\":", Int64(traits.priority)) }
    if let name = traits.className {
      text.append(",\"class\":")
      text.appendQuoted(name)
    }
    if let name = traits.tenant {
      text.append(",\"tenant\":")
      text.appendQuoted(name)
    }
    if let target = traits.ttftTarget { text.append(",\"ttft_slo_s\":", seconds: target) }
    if let target = traits.tpotTarget { text.append(",\"tpot_slo_s\":", seconds: target) }
    if let deadline = traits.deadline { text.append(",\"deadline_s\":", seconds: deadline) }
  }

  private func ids(_ request: WorkloadRequest, _ range: Range<Int>)
    -> ContiguousArray<UInt32>.SubSequence
  {
    let start = Int(request.contentStart)
    return workload.content[start + range.lowerBound..<start + range.upperBound]
  }
}

/// Bytes of JSON under construction.
private struct TraceTextBuffer {
  var bytes: [UInt8] = []

  mutating func append(_ text: StaticString) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(_ text: StaticString, _ number: Int64) {
    append(text)
    if number < 0 { append("-") }
    append(number.magnitude)
  }

  /// Exact: with as many of nine decimals as are needed.
  mutating func append(_ text: StaticString, seconds duration: SimDuration) {
    let (whole, rest) = duration.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    append(text, whole)
    guard rest > 0 else { return }
    append(".")
    var digits = String(rest + 1_000_000_000).dropFirst()
    while digits.last == "0" { digits.removeLast() }
    bytes.append(contentsOf: digits.utf8)
  }

  mutating func append(_ text: StaticString, _ ids: ContiguousArray<UInt32>.SubSequence) {
    append(text)
    append("[")
    for (place, id) in ids.enumerated() {
      if place > 0 { append(",") }
      append(UInt64(id))
    }
    append("]")
  }

  private mutating func append(_ number: UInt64) {
    let start = bytes.count
    var rest = number
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }

  /// Source of the escapes: RFC 8259, section 7.
  mutating func appendQuoted(_ text: String) {
    append("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0..<0x20:
        append("\\u00")
        for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? 48 + digit : 87 + digit) }
      default: bytes.append(byte)
      }
    }
    append("\"")
  }
}
