-- splitwise_mixed_pool overflows into mixed instances, and only then.

local function pools(params)
  return cluster {
    policy = "splitwise_mixed_pool.lua", params = params,
    instances = {
      { role = "prefill" }, { role = "prefill" },
      { role = "decode", kv_capacity_tokens = 1000, kv_used_tokens = 300 },
      { role = "decode", kv_capacity_tokens = 1000, kv_used_tokens = 200 },
      { role = "mixed", kv_capacity_tokens = 1000, kv_used_tokens = 100 },
    },
  }
end

describe("splitwise_mixed_pool", function()
  it("takes the prompt instance with the fewest pending tokens", function()
    local c = pools()
    local long = c:request { prompt_tokens = 900 }
    expect(c:route(long)):is(c.prefill[1])
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[2])
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[2])
    c:on_first_token(long)
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[1])
  end)

  it("overflows only from a queue that is over the limit", function()
    local c = pools { limit = 1000 }
    for _ = 1, 2 do c:route(c:request { prompt_tokens = 900 }) end
    expect(c:route(c:request { prompt_tokens = 200 })):is(c.prefill[1]) -- nothing waits there
    c:change(c.prefill[2], { waiting_count = 1 })
    expect(c:route(c:request { prompt_tokens = 200 })):is(c.mixed[1])
    expect(c:route(c:request { prompt_tokens = 50 })):is(c.prefill[2]) -- 950 in all
  end)

  it("goes back to the prompt instances when the pool is fuller still", function()
    local c = pools { limit = 1000 }
    for _ = 1, 2 do c:route(c:request { prompt_tokens = 900 }) end
    c:change(c.prefill[1], { waiting_count = 1 })
    c:change(c.prefill[2], { waiting_count = 1 })
    expect(c:route(c:request { prompt_tokens = 2000 })):is(c.mixed[1])
    expect(c:route(c:request { prompt_tokens = 2000 })):is(c.prefill[1])
  end)

  it("decodes where the least is held, and in the pool when that is full", function()
    local c = pools()
    expect(c:route_decode(c:request { prompt_tokens = 100, context_tokens = 100 })):is(c.decode[2])
    expect(c:route_decode(c:request { prompt_tokens = 850, context_tokens = 850 })):is(c.mixed[1])
    expect(c:route_decode(c:request { prompt_tokens = 950, context_tokens = 950 })):is(c.decode[2]) -- fits nowhere now
  end)
end)
