import CLua

/// A Lua file that tests policies on clusters made by hand: `simhost policy test`.
///
/// Each test runs in a machine of its own that has run the whole file, so tests share nothing and their order does not
/// count.
public struct PolicySpec {
  public struct Outcome: Sendable, Equatable {
    /// Texts of `describe` and `it`.
    public var name: String
    /// nil is passed.
    public var failure: PolicyError?
  }

  public var file: String
  public var options: LuaPolicyOptions

  public init(file: String, options: LuaPolicyOptions = LuaPolicyOptions()) {
    self.file = file
    self.options = options
  }

  /// Runs all tests of the file, in its order.
  ///
  /// - Throws: when the file itself cannot be read or run.
  public func run() throws(PolicyError) -> [Outcome] {
    let first = try open()
    var outcomes: [Outcome] = []
    for index in 0..<clua_spec_count(first.handle) {
      let name = String(cString: clua_spec_name(first.handle, index))
      let vm = try open()
      let passed = clua_spec_run(vm.handle, index) == CLUA_OK
      outcomes.append(Outcome(name: name, failure: passed ? nil : failure(vm)))
    }
    return outcomes
  }

  private func open() throws(PolicyError) -> LuaVM {
    let vm = try LuaVM(options)
    guard clua_spec_open(vm.handle, file, PolicySpec.prelude) == CLUA_OK else {
      throw failure(vm)
    }
    return vm
  }

  /// What went wrong, without the frames of the prelude.
  private func failure(_ vm: LuaVM) -> PolicyError {
    var error = vm.failure()
    if error.file == "policy" { error.file = file }
    error.traceback.removeAll {
      $0.hasPrefix("?:") || $0.hasPrefix("[C]: in") || $0.hasPrefix("(...tail")
    }
    return error
  }
}
