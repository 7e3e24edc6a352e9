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
      guard let state else { return }
      LuaWorld.from(context)?.questions.fillInstance(InstanceID(Int(instance)), state)
    }
    table.fill_request = { context, request, state in
      guard let state else { return false }
      return LuaWorld.from(context)?.questions.fillRequest(RequestRef(request), state) ?? false
    }
    table.end_of_request = { context, request in
      LuaWorld.from(context)?.questions.world().endOfRequest(RequestID(Int(request.id)))?
        .nanoseconds ?? -1
    }
    table.label = { context, request, which in
      guard let lent = LuaWorld.from(context),
        let name = lent.label(which, of: RequestRef(request)),
        let space = clua_scratch(lent.handle, name.utf8.count + 1)
      else { return -1 }
      UnsafeMutableRawBufferPointer(start: space, count: name.utf8.count).copyBytes(from: name.utf8)
      return Int64(name.utf8.count)
    }
    table.list_requests = { context, instance, running in
      guard let lent = LuaWorld.from(context) else { return 0 }
      let list = lent.questions.list(InstanceID(Int(instance)), running)
      guard
        let space = clua_scratch(
          lent.handle, (list.count + 1) * MemoryLayout<clua_request>.stride)
      else { return -1 }
      let requests = space.bindMemory(to: clua_request.self, capacity: list.count + 1)
      for (index, request) in list.enumerated() { requests[index] = clua_request(request) }
      return Int64(list.count)
    }
    table.act = { context, deed in
      guard let lent = LuaWorld.from(context), let deed = deed?.pointee else { return -1 }
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
      guard let refusal = lent.questions.world().act(action) else { return -1 }
      let place = ActionRefusal.allCases.firstIndex(of: refusal) ?? 0
      return Int32(StepRefusal.allCases.count + place)
    }
    table.gateway_waiting = { context in
      Int64(LuaWorld.from(context)?.questions.world().gatewayWaiting ?? 0)
    }
  }

  private static func addEstimates(_ table: inout clua_callbacks) {
    table.prefix_hit_tokens = { context, request, instance in
      Int64(
        LuaWorld.from(context)?.questions.prefixHitTokens(
          RequestRef(request), InstanceID(Int(instance))) ?? 0)
    }
    table.estimate_prefill_ns = { context, request, instance in
      LuaWorld.from(context)?.questions.world().estimatePrefill(
        RequestRef(request), InstanceID(Int(instance))
      )
      .nanoseconds ?? 0
    }
    table.estimate_step_ns = { context, instance, prefillTokens, decodeSeqs, contextTokens in
      LuaWorld.from(context)?.questions.world().estimateStep(
        InstanceID(Int(instance)), prefillTokens: Int(prefillTokens), decodeSeqs: Int(decodeSeqs),
        contextTokens: Int(contextTokens)
      ).nanoseconds ?? 0
    }
    table.link = { context, from, to in
      guard let lent = LuaWorld.from(context) else { return clua_link() }
      let link = lent.questions.world().link(from: InstanceID(Int(from)), to: InstanceID(Int(to)))
      return clua_link(
        bytes_per_s: link.bytesPerSecond, latency_ns: link.latency.nanoseconds,
        queued_bytes: Int64(link.queuedBytes), free_at_ns: link.freeAt.nanoseconds)
    }
    table.transfer_ns = { context, request, from, to in
      LuaWorld.from(context)?.questions.world().transferTime(
        RequestRef(request), from: InstanceID(Int(from)), to: InstanceID(Int(to))
      ).nanoseconds ?? 0
    }
  }

  private static func addStep(_ table: inout clua_callbacks) {
    table.step_tokens = { context in Int64(LuaWorld.from(context)?.stepQuestions?.tokens() ?? 0) }
    table.step_budget = { context in Int64(LuaWorld.from(context)?.stepQuestions?.budget() ?? 0) }
    table.step_seqs = { context in Int64(LuaWorld.from(context)?.stepQuestions?.seqs() ?? 0) }
    table.step_can_allocate = { context, request, tokens in
      LuaWorld.from(context)?.stepQuestions?.canAllocate(RequestRef(request), Int(tokens)) ?? false
    }
    table.step_decode = { context, request in
      LuaCallbacks.code(LuaWorld.from(context)?.stepQuestions?.decode(RequestRef(request)))
    }
    table.step_prefill = { context, request, tokens in
      LuaCallbacks.code(
        LuaWorld.from(context)?.stepQuestions?.prefill(RequestRef(request), Int(tokens)))
    }
    table.step_preempt = { context, request in
      LuaCallbacks.code(LuaWorld.from(context)?.stepQuestions?.preempt(RequestRef(request)))
    }
    table.step_decode_all = { context in
      Int64(LuaWorld.from(context)?.stepQuestions?.decodeAll() ?? 0)
    }
  }

  /// Words of all refusals: those of steps, then those of actions.
  static var refusals: [String] {
    StepRefusal.allCases.map(\.rawValue) + ActionRefusal.allCases.map(\.rawValue)
  }

  /// −1 for done, else the place of the refusal among all of them.
  private static func code(_ refusal: StepRefusal??) -> Int32 {
    guard let refusal = refusal ?? nil else { return -1 }
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
