import CLua

/// What C calls back into during a hook call.
///
/// No callback throws or raises: each answers with a value, or with a status that C turns into a Lua error after the
/// Swift frame is gone. Outside a call there is no world, and every question gets an empty answer.
enum LuaCallbacks {
  /// The table of callbacks; `log` is unretained and outlives the machine.
  static func table(log: LuaLog) -> clua_callbacks {
    var table = clua_callbacks()
    table.log_context = Unmanaged.passUnretained(log).toOpaque()
    addViews(&table)
    addEstimates(&table)
    addStep(&table)
    table.log = { context, now, level, file, line, text, length, count in
      guard let context else { return }
      let log = Unmanaged<LuaLog>.fromOpaque(context).takeUnretainedValue()
      if log.keepsNotes, level == CLUA_LOG_NOTE {
        log.notes.append(
          String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self))
      }
      guard let receive = log.receive else { return }
      let levels: [PolicyLogEntry.Level] = [.info, .warn, .error, .note]
      receive(
        PolicyLogEntry(
          level: levels[Int(level.rawValue) % levels.count], time: SimTime(nanoseconds: now),
          file: file.map { String(cString: $0) }, line: Int(line),
          text: String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self),
          count: Int(count)))
    }
    return table
  }

  private static func addViews(_ table: inout clua_callbacks) {
    table.fill_instance = { context, instance, state in
      guard let state else { return 0 }
      return LuaWorld.ask(context, else: 0) {
        $0.fillInstance($0.place, InstanceID(Int(instance)), state)
      }
    }
    table.fill_request = { context, request, state in
      guard let state else { return false }
      return LuaWorld.ask(context, else: false) {
        $0.fillRequest($0.place, RequestRef(request), state)
      }
    }
    table.end_of_request = { context, request in
      LuaWorld.ask(context, else: -1) {
        $0.world.endOfRequest(RequestID(Int(request.id)))?.nanoseconds ?? -1
      }
    }
    table.label = { context, request, which in
      LuaWorld.ask(context, else: -1) { lent in
        guard let name = lent.label(which, of: RequestRef(request)),
          let space = clua_scratch(lent.handle, name.utf8.count + 1)
        else { return -1 }
        UnsafeMutableRawBufferPointer(start: space, count: name.utf8.count).copyBytes(
          from: name.utf8)
        return Int64(name.utf8.count)
      }
    }
    table.list_requests = { context, instance, running in
      LuaWorld.ask(context, else: 0) {
        $0.copyRequests($0.place, $0.handle, InstanceID(Int(instance)), running)
      }
    }
    table.list_content = { context, request in
      LuaWorld.ask(context, else: 0) { lent in
        let content = lent.world.content(RequestRef(request))
        let size = content.count * MemoryLayout<UInt32>.stride
        guard let space = clua_scratch(lent.handle, size + 1) else { return -1 }
        content.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(start: space, count: size).copyBytes(from: $0)
        }
        return Int64(content.count)
      }
    }
    table.act = { context, deed in
      guard let deed = deed?.pointee else { return -1 }
      let id = InstanceID(Int(deed.instance))
      let roles: [InstanceRole] = [.prefill, .decode, .mixed]
      let action: PolicyAction =
        switch deed.action {
        case CLUA_SET_ROLE: .setRole(id, roles[Int(deed.role)])
        case CLUA_ADD_INSTANCE: .start(id)
        case CLUA_MIGRATE: .migrate(RequestRef(deed.request), id)
        case CLUA_REPLICATE:
          .replicate(RequestRef(deed.request), from: InstanceID(Int(deed.from)), to: id)
        default: .stop(id)
        }
      let refusal = LuaWorld.ask(context, else: nil) { $0.world.act(action) }
      guard let refusal else { return -1 }
      let place = ActionRefusal.allCases.firstIndex(of: refusal) ?? 0
      return Int32(StepRefusal.allCases.count + place)
    }
    table.gateway_waiting = { context in
      LuaWorld.ask(context, else: 0) { Int64($0.world.gatewayWaiting) }
    }
  }

  private static func addEstimates(_ table: inout clua_callbacks) {
    table.prefix_hit_tokens = { context, request, instance in
      LuaWorld.ask(context, else: 0) {
        Int64($0.prefixHitTokens($0.place, RequestRef(request), InstanceID(Int(instance))))
      }
    }
    table.estimate_prefill_ns = { context, request, instance in
      LuaWorld.ask(context, else: 0) {
        $0.world.estimatePrefill(RequestRef(request), InstanceID(Int(instance))).nanoseconds
      }
    }
    table.estimate_step_ns = { context, instance, prefillTokens, decodeSeqs, contextTokens in
      LuaWorld.ask(context, else: 0) {
        $0.world.estimateStep(
          InstanceID(Int(instance)), prefillTokens: Int(prefillTokens),
          decodeSeqs: Int(decodeSeqs), contextTokens: Int(contextTokens)
        ).nanoseconds
      }
    }
    table.link = { context, from, to in
      LuaWorld.ask(context, else: clua_link()) {
        let link = $0.world.link(from: InstanceID(Int(from)), to: InstanceID(Int(to)))
        return clua_link(
          bytes_per_s: link.bytesPerSecond, latency_ns: link.latency.nanoseconds,
          queued_bytes: Int64(link.queuedBytes), free_at_ns: link.freeAt.nanoseconds)
      }
    }
    table.transfer_ns = { context, request, from, to in
      LuaWorld.ask(context, else: 0) {
        $0.world.transferTime(
          RequestRef(request), from: InstanceID(Int(from)), to: InstanceID(Int(to))
        ).nanoseconds
      }
    }
  }

  private static func addStep(_ table: inout clua_callbacks) {
    table.step_tokens = { context in
      LuaWorld.ask(context, else: 0) { Int64($0.step.tokens($0.place)) }
    }
    table.step_budget = { context in
      LuaWorld.ask(context, else: 0) { Int64($0.step.budget($0.place)) }
    }
    table.step_seqs = { context in
      LuaWorld.ask(context, else: 0) { Int64($0.step.seqs($0.place)) }
    }
    table.step_can_allocate = { context, request, tokens in
      LuaWorld.ask(context, else: false) {
        $0.step.canAllocate($0.place, RequestRef(request), Int(tokens))
      }
    }
    table.step_decode = { context, request in
      LuaWorld.ask(context, else: -1) {
        LuaCallbacks.code($0.step.decode($0.place, RequestRef(request)))
      }
    }
    table.step_prefill = { context, request, tokens in
      LuaWorld.ask(context, else: -1) {
        LuaCallbacks.code($0.step.prefill($0.place, RequestRef(request), Int(tokens)))
      }
    }
    table.step_preempt = { context, request in
      LuaWorld.ask(context, else: -1) {
        LuaCallbacks.code($0.step.preempt($0.place, RequestRef(request)))
      }
    }
    table.step_decode_all = { context, left in
      LuaWorld.ask(context, else: 0) {
        let answer = $0.step.decodeAll($0.place)
        left?.pointee = Int64(answer.left)
        return Int64(answer.taken)
      }
    }
  }

  /// Words of all refusals: those of steps, then those of actions.
  static var refusals: [String] {
    StepRefusal.allCases.map(\.rawValue) + ActionRefusal.allCases.map(\.rawValue)
  }

  /// −1 for done, else the place of the refusal among all of them.
  private static func code(_ refusal: StepRefusal?) -> Int32 {
    guard let refusal else { return -1 }
    return Int32(StepRefusal.allCases.firstIndex(of: refusal) ?? 0)
  }
}

/// Where log lines go. A class, so that C can hold it.
final class LuaLog {
  /// What `sim.note` said, for whoever takes it.
  var notes: [String] = []
  var keepsNotes = false
  let receive: ((PolicyLogEntry) -> Void)?
  init(_ receive: ((PolicyLogEntry) -> Void)?) { self.receive = receive }
}
