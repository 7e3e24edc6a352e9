import Engine
import Testing

@Suite struct BatchTests {
  /// One mixed instance with requests 0... that wait, 10... that decode.
  private func cluster(waiting: [Int] = [], decoding: Int = 0) -> FakeCluster {
    let cluster = FakeCluster([.mixed])
    for (index, tokens) in waiting.enumerated() {
      let request = cluster.addRequest(index) {
        $0.promptTokens = tokens
        $0.remainingPromptTokens = tokens
        $0.contextTokens = tokens
      }
      cluster.waitingQueues[0].append(request)
    }
    for index in 0..<decoding {
      let request = cluster.addRequest(10 + index) {
        $0.stage = .decode
        $0.remainingPromptTokens = 0
        $0.contextTokens = 20
      }
      cluster.runningSets[0].append(request)
    }
    return cluster
  }

  private func batch(_ body: String, _ cluster: FakeCluster) throws -> (BatchLimits?, FakeStep) {
    var policy = try load(
      "return { api = 1, batch = function(instance, step, cluster)\n\(body)\nend }")
    let step = FakeStep(cluster, InstanceID(0))
    return (try policy.batch(InstanceID(0), step), step)
  }

  private func problem(_ body: String, _ cluster: FakeCluster? = nil) -> String? {
    let error = policyError { _ = try batch(body, cluster ?? self.cluster(waiting: [50])) }
    return error.map { $0.problem + ($0.suggestion.map { "; \($0)" } ?? "") }
  }

  @Test func limitsAreReadFieldByField() throws {
    let (limits, _) = try batch(
      "return { max_num_seqs = 64, max_num_batched_tokens = 512, chunk_tokens = 256, order = 'sjf', prefill_first = true }",
      cluster())
    var expected = BatchLimits()
    expected.maxNumSeqs = 64
    expected.maxNumBatchedTokens = 512
    expected.chunkTokens = 256
    expected.order = .shortestFirst
    expected.prefillFirst = true
    #expect(limits == expected)
    #expect(try batch("return {}", cluster()).0 == BatchLimits())
    #expect(try batch("return { order = 'edf' }", cluster()).0?.order == .earliestDeadlineFirst)
    #expect(try batch("return { order = 'fcfs' }", cluster()).0?.order == .firstComeFirstServed)
    #expect(try batch("", cluster()).0 == nil)
  }

  @Test func wrongLimitsSayWhatWasExpected() {
    #expect(
      problem("return 3")
        == "batch returned a number (3), expected nothing or a table of limits; return a table such as { max_num_seqs = 64 }, or call step:decode and step:prefill"
    )
    #expect(
      problem("return { max_seqs = 3 }")
        == "batch returned limits with an unknown 'max_seqs'; did you mean 'max_num_seqs'?")
    #expect(
      problem("return { max_num_seqs = 0 }")
        == "batch: max_num_seqs is a number (0), expected an integer of at least 1")
    #expect(
      problem("return { chunk_tokens = 2.5 }")
        == "batch: chunk_tokens is a number (2.5), expected an integer of at least 1; round it: math.floor(x)"
    )
    #expect(problem("return { chunk_tokens = 0/0 }") != nil)
    #expect(problem("return { chunk_tokens = 2^40 }") != nil)
    #expect(
      problem("return { order = 'sfj' }")
        == "batch: order is a string (\"sfj\"), expected \"fcfs\", \"sjf\", \"edf\" or a function; did you mean \"sjf\"?"
    )
    #expect(
      problem("return { prefill_first = 1 }")
        == "batch: prefill_first is a number (1), expected true or false")
    #expect(
      problem("step:prefill(instance.waiting[1], 5) return { max_num_seqs = 3 }")
        == "batch has called the step and also returned limits; do one of the two")
  }

  @Test func orderFunctionsSortTheWaitingRequests() throws {
    let cluster = cluster(waiting: [50, 10, 30, 10])
    let (limits, _) = try batch(
      "return { order = function(a, b) return a.prompt_tokens < b.prompt_tokens end }", cluster)
    guard case .listed(let listed) = limits?.order else {
      Issue.record("not listed")
      return
    }
    #expect(listed.map(\.id.index) == [1, 3, 2, 0])
    // A comparison that contradicts itself gives some order of the same requests.
    let (mad, _) = try batch("return { order = function() return true end }", cluster)
    guard case .listed(let all) = mad?.order else {
      Issue.record("not listed")
      return
    }
    #expect(Set(all.map(\.id.index)) == [0, 1, 2, 3])
    #expect(
      problem(
        "return { order = function(a, b) return a.x < b.x end }", self.cluster(waiting: [1, 2]))
        == "a request has no field 'x'; its fields are stage, arrival_s, prompt_tokens, cached_tokens, computed_tokens, remaining_prompt_tokens, generated_tokens, context_tokens, predicted_output_tokens, output_tokens, kv_bytes, turn, deferrals, preemptions, priority, ttft_slo_s, tpot_slo_s, deadline_s, instance, prefill_instance, decode_instance, migrating_to, id, waited_s, session_id, class, tenant, content, data"
    )
  }

  @Test func stepCallsAnswerAndShowWhatChanged() throws {
    let cluster = cluster(waiting: [50, 80], decoding: 2)
    let (limits, step) = try batch(
      """
      assert(step.tokens == 0 and step.budget == 100 and step.seqs == 0)
      local taken, left = step:decode_all()
      assert(taken == 2 and left == 0 and step.tokens == 2 and instance.running_count == 2)
      local first, second = table.unpack(instance.waiting)
      assert(instance.waiting_count == 2)
      local ok, why = step:decode(first)
      assert(ok == false and why == "not running here")
      assert(step:can_allocate(first, 50) == true and step:can_allocate(first, 5000) == false)
      assert(step:prefill(first, 50) == true and first.remaining_prompt_tokens == 0)
      assert(instance.waiting_count == 1 and instance.waiting[1] == second)
      ok, why = step:prefill(second, 80)
      assert(not ok and why == "over the token budget")
      assert(step:prefill(second, step.budget - step.tokens))
      ok, why = step:prefill(second, 1)
      assert(not ok and why == "already in this step")
      assert(step.tokens == 100 and step.seqs == 4)
      """, cluster)
    #expect(limits == nil)
    #expect(step.log == ["decode 10 1", "decode 11 1", "prefill 0 50", "prefill 1 48"])
  }

  @Test func stepArgumentsAreChecked() {
    #expect(
      problem("step:prefill(instance.waiting[1])")
        == "prefill: the number of tokens is nil, expected an integer of at least 1")
    #expect(
      problem("step:prefill(instance.waiting[1], 2.5)")
        == "prefill: the number of tokens is a number (2.5), expected an integer of at least 1; round it: math.floor(x)"
    )
    #expect(
      problem("step:prefill(instance.waiting[1], -1)")
        == "prefill: the number of tokens is a number (-1), expected an integer of at least 1")
    #expect(
      problem("step:decode(instance)")
        == "decode: the request is instance mixed/0, expected a request")
    #expect(
      problem("step.decode(instance.waiting[1])")
        == "the first argument is not the step; call it with a colon: step:decode(request)")
    #expect(
      problem("step:preempt(instance.waiting[1], 'swap')")
        == "preempt: \"swap\" is not available in this version; use \"recompute\"")
    #expect(problem("step:prefil(1)") == "the step has no field 'prefil'; did you mean 'prefill'?")
    #expect(
      problem("step.tokens = 3")
        == "the step is read-only: cannot write 'tokens'; keep values of your own in a table of your own"
    )
  }

  @Test func aStepIsGoneAfterItsCall() throws {
    let cluster = cluster(waiting: [50])
    var policy = try load(
      """
      local kept
      return { api = 1, batch = function(instance, step) kept = step end,
        on_finish = function(request) kept:prefill(request, 1) end }
      """)
    _ = try policy.batch(InstanceID(0), FakeStep(cluster, InstanceID(0)))
    let error = policyError {
      try policy.finish(RequestRef(slot: 0, id: RequestID(0)), cluster)
    }
    #expect(error?.problem == "no step is being formed now")
    #expect(error?.suggestion == "use it inside batch only")
  }

  @Test func errorsNameTheInstance() {
    let error = policyError { _ = try batch("error('x')", cluster()) }
    #expect(error?.subject == "instance mixed/0" && error?.hook == "batch")
  }
}
