import CLua

extension LuaPolicy {
  /// Keeps what hooks read and note from now on, for `takeTrace`.
  func startRecording() throws(PolicyError) {
    guard clua_record(vm.handle) == CLUA_OK else { throw vm.failure() }
    vm.log.keepsNotes = true
  }

  /// Puts what the last hook call read and noted into `decision`, whose candidates are given.
  func takeTrace(into decision: inout PolicyDecision, _ hook: HookSet, _ world: some PolicyWorld) {
    let id = clua_hook_id(UInt32(hook.rawValue.trailingZeroBitCount))
    decision.file = vm.file(of: id)
    decision.notes = vm.log.notes
    vm.log.notes.removeAll()
    var count: Int32 = 0
    let reads = UnsafeBufferPointer(start: clua_take_reads(vm.handle, &count), count: Int(count))
    var places = Places(decision)
    for read in reads {
      if read.view == CLUA_VIEW_STEP, let call = PolicyDecision.Call(read) {
        decision.calls.append(call)
        continue
      }
      let field = PolicyDecision.Field(read, subject: decision.request, world)
      switch read.view {
      case CLUA_VIEW_INSTANCE:
        places.enter(field, of: .instance(read.object), into: &decision) {
          PolicyDecision.Subject(instance: world.instanceFacts(InstanceID(Int(read.object))).name)
        }
      case CLUA_VIEW_REQUEST:
        if decision.request?.index == read.object {
          decision.read.set(field)
        } else {
          places.enter(field, of: .request(read.object), into: &decision) {
            PolicyDecision.Subject(request: RequestID(Int(read.object)))
          }
        }
      case CLUA_VIEW_PREFIX:
        places.enter(field, of: .prefix(read.object), into: &decision) {
          PolicyDecision.Subject(prefix: Int(read.object))
        }
      default:
        // Lists of instances, parameters and the policy's own state say nothing by themselves.
        switch field.value {
        case .list, .other: continue
        default: decision.clusterRead.set(field)
        }
      }
    }
  }

  /// Host time that a hook has taken so far.
  func hostNanoseconds(_ hook: HookSet) -> Int {
    let id = clua_hook_id(UInt32(hook.rawValue.trailingZeroBitCount))
    return Int(clua_hook_at(vm.handle, id).pointee.host_ns)
  }
}

/// Where in a decision the fields of each view go: a table for looking up, never walked over.
private struct Places {
  enum Key: Hashable {
    case instance(Int32)
    case request(Int32)
    case prefix(Int32)
  }
  private var candidates: [Key: Int] = [:]
  private var others: [Key: Int] = [:]

  init(_ decision: PolicyDecision) {
    for (place, candidate) in decision.candidates.enumerated() {
      if let request = candidate.request {
        candidates[.request(request.index)] = place
      } else if candidate.prefix >= 0 {
        candidates[.prefix(candidate.prefix)] = place
      } else {
        candidates[.instance(candidate.index)] = place
      }
    }
  }

  mutating func enter(
    _ field: PolicyDecision.Field, of key: Key, into decision: inout PolicyDecision,
    _ subject: () -> PolicyDecision.Subject
  ) {
    if let place = candidates[key] {
      decision.candidates[place].read.set(field)
    } else if let place = others[key] {
      decision.others[place].read.set(field)
    } else {
      others[key] = decision.others.count
      decision.others.append(subject())
      decision.others[decision.others.count - 1].read.set(field)
    }
  }
}

extension [PolicyDecision.Field] {
  /// Enters a field, in place of an earlier answer.
  fileprivate mutating func set(_ field: PolicyDecision.Field) {
    if let place = firstIndex(where: { $0.name == field.name }) {
      self[place] = field
    } else {
      append(field)
    }
  }
}

extension PolicyDecision.Field {
  /// - Parameter subject: the request that the hook was asked about; a method about another one says so in its name.
  fileprivate init(_ read: clua_read, subject: RequestID?, _ world: some PolicyWorld) {
    name = String(cString: read.name)
    if read.instance >= 0 {
      name += "(\(world.instanceFacts(InstanceID(Int(read.instance))).name))"
    } else if read.request >= 0, read.request != subject?.index {
      name += "(request \(read.request))"
    }
    value =
      switch read.kind {
      case CLUA_VALUE_BOOLEAN: .boolean(read.integer != 0)
      case CLUA_VALUE_INTEGER: .integer(Int(read.integer))
      case CLUA_VALUE_NUMBER: .number(read.number)
      case CLUA_VALUE_TEXT: .text(read.words)
      case CLUA_VALUE_LIST: .list(Int(read.integer))
      case CLUA_VALUE_INSTANCE:
        .text(world.instanceFacts(InstanceID(Int(read.integer))).name)
      case CLUA_VALUE_OTHER: .other
      default: .none
      }
  }
}

extension PolicyDecision.Call {
  /// nil for a field or a question.
  fileprivate init?(_ read: clua_read) {
    name = String(cString: read.name)
    switch name {
    case "decode_all": count = Int(read.integer)
    case "decode", "prefill", "preempt":
      request = RequestID(Int(read.request))
      count = name == "prefill" ? Int(read.tokens) : nil
      if read.integer == 0 { refusal = read.words }
    default: return nil
    }
  }
}

extension clua_read {
  /// The text that was read, with broken UTF-8 repaired.
  fileprivate var words: String {
    withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
