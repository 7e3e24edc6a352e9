import ArgumentParser
import Engine

extension PolicyCommand {
  /// `simhost policy docs`: the reference, from the table that the views are made of.
  struct Docs: ParsableCommand {
    enum Kind: String, ExpressibleByArgument, CaseIterable { case markdown, types }

    static let configuration = CommandConfiguration(
      abstract: "Print the reference of fields: Markdown, or types for lua-language-server.",
      discussion: """
        EXAMPLE
          simhost policy docs --format types
        """)

    @Option(help: "markdown, or types (types/simhost.lua).")
    var format = Kind.markdown

    func run() {
      switch format {
      case .markdown:
        for view in PolicyReference.View.allCases {
          print("### \(view.rawValue)\n\n\(PolicyReference.table(of: view))\n")
        }
      case .types: print(PolicyReference.types, terminator: "")
      }
    }
  }
}
