-- llm_d weighs scorers, filters, picks the decoder first and decides whether to use a prefill instance.

local function router(instances, params)
  return cluster { policy = "llm_d.lua", params = params, instances = instances }
end

describe("llm_d", function()
  it("adds weighted scores", function()
    -- prefix 2 * 0.5 = 1 and queue 0, against prefix 0 and queue 1 * 1: equal but for the weight.
    local pods = {
      { role = "prefill", prefix_hit_tokens = 50, waiting_count = 4 },
      { role = "prefill", prefix_hit_tokens = 0, waiting_count = 0 },
    }
    local c = router(pods, { queue = 0.9 })
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[1])
  end)

  it("follows the queue when that weighs more", function()
    local c = router({
      { role = "prefill", prefix_hit_tokens = 50, waiting_count = 4 },
      { role = "prefill", prefix_hit_tokens = 0, waiting_count = 0 },
    }, { queue = 1.1 })
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[2])
  end)

  it("keeps to instances with most of the prompt, if there are any", function()
    local c = router({
      { role = "prefill", prefix_hit_tokens = 85, waiting_count = 9 },
      { role = "prefill", prefix_hit_tokens = 70, waiting_count = 0 },
    }, { affinity = 0.8, prefix = 0 })
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[1])
    c:change(c.prefill[1], { prefix_hit_tokens = 79 })
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[2])
  end)

  it("drops full instances, unless all are", function()
    local c = router({
      { role = "prefill", kv_usage = 0.95, prefix_hit_tokens = 90 }, { role = "prefill", kv_usage = 0.2 },
    }, { max_kv_usage = 0.9 })
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[2])
    c:change(c.prefill[2], { kv_usage = 0.99 })
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[1])
  end)

  it("decodes where it was decided on arrival", function()
    local c = router({ { role = "prefill" }, { role = "decode", waiting_count = 3 }, { role = "decode" } })
    local request = c:request { prompt_tokens = 100 }
    expect(c:route(request)):is(c.prefill[1])
    c:change(c.decode[1], { waiting_count = 0 })
    c:change(c.decode[2], { waiting_count = 9 })
    expect(c:route_decode(request)):is(c.decode[2])
  end)

  it("computes a prompt that is mostly cached where it will decode", function()
    local c = router({ { role = "prefill" }, { role = "mixed", prefix_hit_tokens = 90 } })
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.mixed[1]) -- 10 uncached tokens, fewer than 16
    expect(c:route(c:request { prompt_tokens = 106 })):is(c.prefill[1])
  end)

  it("always uses prefill instances when told so", function()
    local c = router({ { role = "prefill" }, { role = "mixed", prefix_hit_tokens = 90 } }, { decider = "always" })
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[1])
  end)

  it("counts what it has under way", function()
    local c = router({ { role = "mixed" }, { role = "mixed" } }, { active = 1, queue = 0 })
    local first = c:request { prompt_tokens = 100 }
    local chosen = c:route(first)
    expect(c:route(c:request { prompt_tokens = 100 })):is_not(chosen)
    c:on_first_token(first)
    c:on_finish(first)
    expect(c:route(c:request { prompt_tokens = 100 })):is(chosen)
  end)

  it("reads ranges of context length", function()
    local c = router({ { role = "prefill", name = "prefill/0" }, { role = "prefill", name = "prefill/1" } }, {
      prefix = 0, queue = 0, context_length = 1, ranges = "prefill/0=0-2048,prefill/1=2048-32768",
    })
    expect(c:route(c:request { prompt_tokens = 1000, context_tokens = 1000 })):is(c.prefill[1])
    expect(c:route(c:request { prompt_tokens = 9000, context_tokens = 9000 })):is(c.prefill[2])
  end)
end)
