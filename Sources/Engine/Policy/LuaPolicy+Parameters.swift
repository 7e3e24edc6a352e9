import CLua

extension LuaPolicy {
  /// What one policy file says about itself.
  public static func describe(file: String, options: LuaPolicyOptions = LuaPolicyOptions())
    throws(PolicyError) -> PolicyFileDescription
  {
    try load(files: [file], options: options).descriptions[0]
  }

  /// What the loaded files say about themselves, in the order in which they were given.
  public var descriptions: [PolicyFileDescription] {
    let parameters = vm.parameters
    return (0..<clua_policy_count(vm.handle)).map { index in
      let policy = clua_policy_at(vm.handle, index).pointee
      let file = String(cString: policy.path)
      let fileName = file.split(separator: "/").last.map(String.init) ?? file
      return PolicyFileDescription(
        file: file,
        name: policy.name.map { String(cString: $0) }
          ?? (fileName.hasSuffix(".lua") ? String(fileName.dropLast(4)) : fileName),
        version: policy.version.map { String(cString: $0) },
        description: policy.description.map { String(cString: $0) },
        author: policy.author.map { String(cString: $0) },
        licence: policy.licence.map { String(cString: $0) },
        hooks: LuaPolicy.allHooks.compactMap { hook in
          let binding = clua_hook_at(vm.handle, hook).pointee
          return binding.bound && binding.policy == index
            ? String(cString: clua_hook_name(hook)) : nil
        },
        parameters: parameters.filter { $0.file == file })
    }
  }
}

extension LuaVM {
  /// Declared parameters with their present values, in the order of their names.
  var parameters: [PolicyParameter] {
    (0..<clua_param_count(handle)).map {
      PolicyParameter(clua_param_at(handle, $0).pointee, handle)
    }
  }

  /// Checks every default, then applies what the user gave; the last of equal names wins.
  func apply(_ given: [(String, String)], files: [String]) throws(PolicyError) {
    var known = parameters
    for parameter in known where !parameter.isAllowed {
      throw PolicyError(
        file: parameter.file,
        problem: "parameter '\(parameter.name)': default is \(parameter.value), "
          + "expected \(parameter.expectation)")
    }
    for (name, text) in given {
      guard let index = known.firstIndex(where: { $0.name == name }) else {
        throw PolicyError(
          file: files.first ?? "policy", problem: "--param \(name): there is no such parameter",
          suggestion: suggestion(for: name, among: known.map(\.name)))
      }
      guard let changed = known[index].reading(text) else {
        throw PolicyError(
          file: known[index].file,
          problem: "--param \(name): found '\(text)', expected \(known[index].expectation)")
      }
      known[index] = changed
      guard set(changed, at: Int32(index)) == CLUA_OK else { throw failure() }
    }
  }

  private func suggestion(for name: String, among names: [String]) -> String {
    if names.isEmpty { return "this policy has no parameters" }
    let nearest = withCStrings(names) { list in
      clua_nearest(name, list.baseAddress, Int32(list.count)).map { String(cString: $0) }
    }
    return nearest.map { "did you mean '\($0)'?" } ?? "there are \(names.joined(separator: ", "))"
  }

  private func set(_ parameter: PolicyParameter, at index: Int32) -> clua_status {
    var raw = clua_param()
    switch parameter.value {
    case .number(let value): raw.number = value
    case .integer(let value): raw.integer = Int64(value)
    case .boolean(let value): raw.boolean = value
    case .string(let value):
      return value.withCString { text in
        raw.text = text
        return clua_set_param(handle, index, &raw)
      }
    }
    return clua_set_param(handle, index, &raw)
  }
}

extension PolicyParameter {
  fileprivate init(_ raw: clua_param, _ handle: OpaquePointer) {
    let value: Value =
      switch raw.type {
      case CLUA_PARAM_NUMBER: .number(raw.number)
      case CLUA_PARAM_INTEGER: .integer(Int(raw.integer))
      case CLUA_PARAM_BOOLEAN: .boolean(raw.boolean)
      default: .string(raw.text.map { String(cString: $0) } ?? "")
      }
    let choices = UnsafeBufferPointer(start: raw.choices, count: Int(raw.choice_count))
    self.init(
      name: String(cString: raw.name), value: value, minimum: raw.has_min ? raw.min : nil,
      maximum: raw.has_max ? raw.max : nil,
      choices: choices.map { $0.map { String(cString: $0) } ?? "" },
      help: raw.help.map { String(cString: $0) } ?? "",
      file: String(cString: clua_policy_at(handle, raw.policy).pointee.path))
  }
}
