-- replicate_hot copies a prefix that a busy instance serves alone.

local function made()
  return cluster {
    policy = "replicate_hot.lua", params = { worth = 0.5, hits = 2, ahead = 2 },
    instances = {
      { role = "prefill", inflight = 4 }, { role = "prefill", inflight = 3 }, { role = "prefill", inflight = 1 },
      { role = "decode", inflight = 0 },
    },
  }
end

local function hit(c, cached)
  return c:request { prompt_tokens = 100, cached_tokens = cached, prefill_instance = c.prefill[1] }
end

describe("replicate_hot", function()
  it("copies to the idlest instance after some hits", function()
    local c = made()
    c:on_first_token(hit(c, 60))
    expect(c:actions()):equals {}
    local second = hit(c, 60)
    c:on_first_token(second)
    expect(c:actions()):equals {
      { action = "replicate", request = second, from = c.prefill[1], instance = c.prefill[3] },
    }
  end)

  it("begins to count anew after a miss, and after a copy", function()
    local c = made()
    for _, cached in ipairs { 60, 10, 60 } do c:on_first_token(hit(c, cached)) end
    expect(c:actions()):equals {}
    c:on_first_token(hit(c, 60))
    expect(#c:actions()):is(1)
    c:on_first_token(hit(c, 60))
    expect(c:actions()):equals {}
  end)

  it("leaves prefixes where nobody has to queue for them", function()
    local c = made()
    c:change(c.prefill[1], { inflight = 2 })
    for _ = 1, 3 do c:on_first_token(hit(c, 90)) end
    expect(c:actions()):equals {}
  end)
end)
