import CLua

/// The engine's side of the Lua border: what C calls back into during a hook call.
///
/// No callback throws or raises: each answers with a value, or with a status that C turns into a Lua error after the
/// Swift frame is gone. Outside a call there is no world, and every question gets an empty answer.
final class LuaBorder {
  var handle: OpaquePointer?
  var world: (any PolicyWorld)?
  var step: (any PolicyStep)?
  private let onLog: ((PolicyLogEntry) -> Void)?

  init(onLog: ((PolicyLogEntry) -> Void)?) { self.onLog = onLog }

  /// Forgets the world, so that nothing can read it after its call.
  func release() {
    world = nil
    step = nil
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> LuaBorder? {
    context.map { Unmanaged<LuaBorder>.fromOpaque($0).takeUnretainedValue() }
  }

  /// The table of callbacks; `context` is an unretained `LuaBorder` that outlives the machine.
  static func callbacks(context: UnsafeMutableRawPointer) -> clua_callbacks {
    var table = clua_callbacks()
    table.context = context
    addViews(&table)
    addEstimates(&table)
    addStep(&table)
    table.log = { context, level, file, line, text, length, count in
      guard let border = LuaBorder.from(context), let onLog = border.onLog else { return }
      let bytes = UnsafeRawBufferPointer(start: text, count: length)
      onLog(
        PolicyLogEntry(
          level: level == CLUA_LOG_INFO
            ? .info : level == CLUA_LOG_WARN ? .warn : level == CLUA_LOG_ERROR ? .error : .note,
          time: border.world?.now ?? .zero, file: file.map { String(cString: $0) },
          line: Int(line), text: String(decoding: bytes, as: UTF8.self), count: Int(count)))
    }
    return table
  }

  private static func addViews(_ table: inout clua_callbacks) {
    table.fill_instance = { context, instance, state in
      guard let world = LuaBorder.from(context)?.world, let state else { return }
      state.pointee = clua_instance_state(world.instanceView(InstanceID(Int(instance))))
    }
    table.fill_request = { context, request, state in
      guard let world = LuaBorder.from(context)?.world, let state,
        let view = world.requestView(RequestRef(request))
      else { return false }
      state.pointee = clua_request_state(view)
      return true
    }
    table.end_of_request = { context, request in
      LuaBorder.from(context)?.world?.endOfRequest(RequestID(Int(request.id)))?.nanoseconds ?? -1
    }
    table.session_name = { context, request in
      guard let border = LuaBorder.from(context),
        let name = border.world?.sessionName(RequestRef(request)),
        let space = clua_scratch(border.handle, name.utf8.count + 1)
      else { return -1 }
      UnsafeMutableRawBufferPointer(start: space, count: name.utf8.count).copyBytes(from: name.utf8)
      return Int64(name.utf8.count)
    }
    table.list_requests = { context, instance, running in
      guard let border = LuaBorder.from(context), let world = border.world else { return 0 }
      let id = InstanceID(Int(instance))
      let list = running ? world.running(id) : world.waiting(id)
      guard
        let space = clua_scratch(
          border.handle, (list.count + 1) * MemoryLayout<clua_request>.stride)
      else { return -1 }
      let requests = space.bindMemory(to: clua_request.self, capacity: list.count + 1)
      for (index, request) in list.enumerated() { requests[index] = clua_request(request) }
      return Int64(list.count)
    }
    table.gateway_waiting = { context in Int64(LuaBorder.from(context)?.world?.gatewayWaiting ?? 0)
    }
  }

  private static func addEstimates(_ table: inout clua_callbacks) {
    table.prefix_hit_tokens = { context, request, instance in
      Int64(
        LuaBorder.from(context)?.world?.prefixHitTokens(
          RequestRef(request), InstanceID(Int(instance))) ?? 0)
    }
    table.estimate_prefill_ns = { context, request, instance in
      LuaBorder.from(context)?.world?.estimatePrefill(
        RequestRef(request), InstanceID(Int(instance))
      )
      .nanoseconds ?? 0
    }
    table.estimate_step_ns = { context, instance, prefillTokens, decodeSeqs, contextTokens in
      LuaBorder.from(context)?.world?.estimateStep(
        InstanceID(Int(instance)), prefillTokens: Int(prefillTokens), decodeSeqs: Int(decodeSeqs),
        contextTokens: Int(contextTokens)
      ).nanoseconds ?? 0
    }
    table.transfer_ns = { context, request, from, to in
      LuaBorder.from(context)?.world?.transferTime(
        RequestRef(request), from: InstanceID(Int(from)), to: InstanceID(Int(to))
      ).nanoseconds ?? 0
    }
  }

  private static func addStep(_ table: inout clua_callbacks) {
    table.step_tokens = { context in Int64(LuaBorder.from(context)?.step?.tokens ?? 0) }
    table.step_budget = { context in Int64(LuaBorder.from(context)?.step?.budget ?? 0) }
    table.step_seqs = { context in Int64(LuaBorder.from(context)?.step?.seqs ?? 0) }
    table.step_can_allocate = { context, request, tokens in
      LuaBorder.from(context)?.step?.canAllocate(RequestRef(request), tokens: Int(tokens)) ?? false
    }
    table.step_decode = { context, request in
      LuaBorder.code(LuaBorder.from(context)?.step?.decode(RequestRef(request)))
    }
    table.step_prefill = { context, request, tokens in
      LuaBorder.code(
        LuaBorder.from(context)?.step?.prefill(RequestRef(request), tokens: Int(tokens)))
    }
    table.step_preempt = { context, request in
      LuaBorder.code(LuaBorder.from(context)?.step?.preempt(RequestRef(request)))
    }
    table.step_decode_all = { context in Int64(LuaBorder.from(context)?.step?.decodeAll() ?? 0) }
  }

  /// −1 for done, else the place of the refusal among all of them.
  private static func code(_ refusal: StepRefusal??) -> Int32 {
    guard let refusal = refusal ?? nil else { return -1 }
    return Int32(StepRefusal.allCases.firstIndex(of: refusal) ?? 0)
  }
}
