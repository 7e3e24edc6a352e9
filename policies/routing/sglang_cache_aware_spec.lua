-- sglang_cache_aware: balance first, then the match, then the smallest tree.

local function router(instances, params)
  return cluster { policy = "sglang_cache_aware.lua", params = params, instances = instances }
end

describe("sglang_cache_aware", function()
  it("follows a long enough match", function()
    local c = router { { inflight = 50, prefix_hit_tokens = 31 }, {} }
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.mixed[1])
  end)

  it("takes the least loaded when both bounds are passed", function()
    local c = router({ { inflight = 14, prefix_hit_tokens = 90 }, { inflight = 3 } }, { balance_abs = 10 })
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.mixed[2])
    c:change(c.mixed[1], { inflight = 13 }) -- 10 more: not over the bound
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.mixed[1])
    c:change(c.mixed[1], { inflight = 60 })
    c:change(c.mixed[2], { inflight = 45 }) -- 15 more, but not 1.5 times as many
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.mixed[1])
  end)

  it("sends a new prefix to the smallest tree", function()
    local c = router { {}, {} }
    local one = c:route(c:request { prompt_tokens = 500 })
    local other = c:route(c:request { prompt_tokens = 100 })
    expect(other):is_not(one)
    expect(c:route(c:request { prompt_tokens = 300 })):is(other) -- 100 against 500
    expect(c:route(c:request { prompt_tokens = 200 })):is(other) -- 400 against 500
    expect(c:route(c:request { prompt_tokens = 200 })):is(one) -- 600 against 500
  end)

  it("decodes at the least loaded", function()
    local c = router { { role = "prefill" }, { role = "decode", inflight = 2 }, { role = "decode", inflight = 1 } }
    expect(c:route_decode(c:request())):is(c.decode[2])
  end)
end)
