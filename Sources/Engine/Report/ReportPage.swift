/// A report as one page: style, plotting library, data and script are inside it, so that it needs no network.
///
/// Whatever runs, traces and policies are called stays data: it is JSON in which no tag can begin or end, and the script
/// only ever sets it as text.
public struct ReportPage: OutputDocument {
  private let pieces: [Piece]

  private enum Piece {
    case text(String)
    case data(ReportData)
  }

  /// - Parameter folder: `report/` of the repository: `page.html`, what it names, and the plotting library.
  public init(_ data: ReportData, folder: String) throws(InputError) {
    let page = try Self.read("\(folder)/page.html")
    var pieces: [Piece] = []
    // Marks are {{name}}: `data`, or files of the folder.
    var rest = page[...]
    while let start = rest.firstRange(of: "{{"),
      let end = rest[start.upperBound...].firstRange(of: "}}")
    {
      pieces.append(.text(String(rest[..<start.lowerBound])))
      let name = String(rest[start.upperBound..<end.lowerBound])
      pieces.append(name == "data" ? .data(data) : .text(try Self.read("\(folder)/\(name)")))
      rest = rest[end.upperBound...]
    }
    pieces.append(.text(String(rest)))
    self.pieces = pieces
  }

  private static func read(_ path: String) throws(InputError) -> String {
    String(decoding: try InputFile.read(path), as: UTF8.self)
  }

  public func write(to sink: inout ByteSink) {
    for piece in pieces {
      switch piece {
      case .text(let text): sink.write(text)
      case .data(let data):
        // In JSON `<` only stands in texts, where it may be written as an escape.
        for byte in data.text.utf8 {
          if byte == UInt8(ascii: "<") { sink.write("\\u003c") } else { sink.write(byte) }
        }
      }
    }
  }
}
