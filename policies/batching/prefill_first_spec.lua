-- prefill_first asks the engine for prompts before decoding, and changes no other limit.

describe("prefill_first", function()
  it("says so, and no more", function()
    local c = cluster {
      policy = "prefill_first.lua", instances = { { waiting = { { prompt_tokens = 50 } }, running = { {} } } },
    }
    local answer = c:batch(c.instances[1])
    expect(answer.limits):equals { prefill_first = true, order = "fcfs" }
    expect(#answer.scheduled):is(0)
    expect(#answer.preempted):is(0)
  end)
end)
