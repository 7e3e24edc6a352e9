import CLua

/// The reference of what policies can read, from the table that the bridge itself uses.
public enum PolicyReference {
  public enum View: String, CaseIterable, Sendable { case request, instance, cluster, step, prefix }

  struct Field {
    var name: String
    var type: clua_type
    /// Of a method: parameters in Lua, such as `(request, to)`; empty for fields.
    var parameters: String
    var meaning: String
    var isMethod: Bool { type == CLUA_METHOD }
  }

  static func fields(of view: View) -> [Field] {
    let kind =
      switch view {
      case .request: CLUA_VIEW_REQUEST
      case .instance: CLUA_VIEW_INSTANCE
      case .cluster: CLUA_VIEW_CLUSTER
      case .step: CLUA_VIEW_STEP
      case .prefix: CLUA_VIEW_PREFIX
      }
    var count: Int32 = 0
    guard let rows = clua_fields(kind, &count) else { return [] }
    return (0..<Int(count)).map { row in
      let text = String(cString: rows[row].meaning)
      let split = rows[row].type == CLUA_METHOD ? text.firstRange(of: ": ") : nil
      return Field(
        name: String(cString: rows[row].name), type: rows[row].type,
        parameters: split.map { String(text[..<$0.lowerBound]) } ?? "",
        meaning: split.map { String(text[$0.upperBound...]) } ?? text)
    }
  }

  /// The table of one view in Markdown.
  public static func table(of view: View) -> String {
    let rows = fields(of: view).map { field in
      let name = field.isMethod ? "\(view.rawValue):\(field.name)\(field.parameters)" : field.name
      return "| `\(name.replacing("|", with: "\\|"))` | \(field.meaning) |"
    }
    return (["| Name | Meaning |", "|---|---|"] + rows).joined(separator: "\n")
  }
}
