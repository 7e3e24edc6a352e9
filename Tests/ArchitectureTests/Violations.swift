/// Places in Engine sources that break the table, each as `path:line: what`.
func violations(in sources: [SwiftSource], table: [FolderRule] = folderTable) -> [String] {
  var owners: [String: [String]] = [:]
  var declaredIn: [String: Set<String>] = [:]
  for source in sources {
    for name in source.declaredTypes(atTop: true) {
      owners[name, default: []].append(source.folder)
    }
    declaredIn[source.folder, default: []].formUnion(source.declaredTypes(atTop: false))
  }
  var found: [String] = []
  for source in sources {
    guard let rule = table.first(where: { $0.name == source.folder }) else {
      found.append("\(source.path):1: folder \(source.folder) is not in the table")
      continue
    }
    for module in source.imports where !rule.imports.contains(module.text) {
      found.append(
        "\(source.path):\(module.line): \(rule.name) may not import \(module.text)")
    }
    let own = declaredIn[rule.name] ?? []
    for word in source.freeWords where !own.contains(word.text) {
      guard let folders = owners[word.text],
        !folders.contains(where: { $0 == rule.name || rule.uses.contains($0) })
      else { continue }
      found.append(
        "\(source.path):\(word.line): \(rule.name) may not use \(word.text) of \(folders[0])")
    }
    found += forbiddenWords(in: source, rule)
  }
  return found
}

private func forbiddenWords(in source: SwiftSource, _ rule: FolderRule) -> [String] {
  var found: [String] = []
  for word in source.freeWords {
    let isClock = ForbiddenWords.clocks.contains(word.text) && !rule.readsClock
    if isClock || ForbiddenWords.everywhere.contains(word.text) {
      found.append("\(source.path):\(word.line): no \(word.text) in the engine")
    }
  }
  let tokens = source.tokens
  for i in tokens.indices.dropFirst()
  where tokens[i - 1].text == "." && ForbiddenWords.unseeded.contains(tokens[i].text) {
    let call = tokens[(i + 1)...].prefix(40).prefix { $0.line == tokens[i].line }
    if call.first?.text == "(" && !call.contains(where: { $0.text == "using" }) {
      found.append("\(source.path):\(tokens[i].line): \(tokens[i].text) without a seeded stream")
    }
  }
  return found
}
