-- distserve: the shortest queue, and decode instances that take only what they have room for.

local function pools()
  return cluster {
    policy = "distserve.lua", params = { waiting_share = 0.05 },
    instances = {
      { role = "prefill", waiting_count = 2, running_count = 1 }, { role = "prefill", running_count = 2 },
      { role = "decode", kv_capacity_tokens = 10000, kv_used_tokens = 8000, running_count = 1 },
      { role = "decode", kv_capacity_tokens = 10000, running_count = 3 },
    },
  }
end

describe("distserve", function()
  it("takes the shortest queue", function()
    local c = pools()
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[2])
    expect(c:route_decode(c:request { prompt_tokens = 100 })):is(c.decode[1])
  end)

  it("passes over an instance without memory", function()
    local c = pools()
    expect(c:route_decode(c:request { prompt_tokens = 2001, context_tokens = 2001 })):is(c.decode[2])
  end)

  it("passes over an instance where much waits already", function()
    local c = pools()
    c:change(c.decode[1], { kv_used_tokens = 0, kv_reserved_tokens = 499 })
    expect(c:route_decode(c:request { prompt_tokens = 100 })):is(c.decode[1])
    c:change(c.decode[1], { kv_reserved_tokens = 500 })
    expect(c:route_decode(c:request { prompt_tokens = 100 })):is(c.decode[2])
    c:change(c.decode[1], { kv_reserved_tokens = 0, waiting = { { context_tokens = 600, prompt_tokens = 600 } } })
    expect(c:route_decode(c:request { prompt_tokens = 100 })):is(c.decode[2])
  end)

  it("waits when nobody has room", function()
    local c = pools()
    c:change(c.decode[1], { kv_reserved_tokens = 600 })
    c:change(c.decode[2], { kv_reserved_tokens = 600 })
    expect(c:route_decode(c:request { prompt_tokens = 100 })):is_nil()
  end)
end)
