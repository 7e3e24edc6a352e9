-- join_shortest_queue: prompts by queued tokens, decoding by requests, then by work in hand.

local function router(role, instances, by)
  for _, instance in ipairs(instances) do instance.role = role end
  return cluster {
    policy = "join_shortest_queue.lua", params = { by = by or "tokens" }, instances = instances,
  }
end

local long_or_many = function()
  return {
    { waiting = { { prompt_tokens = 3000 } } },
    { waiting = { { prompt_tokens = 100 }, { prompt_tokens = 100 } } },
  }
end

describe("join_shortest_queue", function()
  it("counts prompt tokens", function()
    local c = router("prefill", long_or_many())
    expect(c:route(c:request())):is(c.prefill[2])
  end)

  it("counts heads when told so", function()
    local c = router("prefill", long_or_many(), "requests")
    expect(c:route(c:request())):is(c.prefill[1])
  end)

  it("counts heads for decoding", function()
    local c = router("decode", long_or_many())
    expect(c:route(c:request { stage = "decode" }, c.decode)):is(c.decode[1])
  end)

  it("takes the one with less in hand of two empty queues", function()
    local c = router("prefill", { { inflight = 3 }, { inflight = 1 }, { inflight = 1 } })
    expect(c:route(c:request())):is(c.prefill[2])
  end)
end)
