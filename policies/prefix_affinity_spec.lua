-- prefix_affinity follows the longest hit while load is in balance.

local function router(hits, loads)
  local instances = {}
  for i, hit in ipairs(hits) do
    instances[i] = { role = "prefill", prefix_hit_tokens = hit, inflight = loads and loads[i] or 0 }
  end
  return cluster {
    policy = "prefix_affinity.lua", params = { min_hit = 0.3, spread = 4, ratio = 1.5 }, instances = instances,
  }
end

local function route(c) return c:route(c:request { prompt_tokens = 1000 }) end

describe("prefix_affinity", function()
  it("goes to the longest hit", function()
    local c = router { 320, 640, 0 }
    expect(route(c)):is(c.prefill[2])
  end)

  it("takes the less busy of equal hits", function()
    local c = router({ 640, 640 }, { 2, 1 })
    expect(route(c)):is(c.prefill[2])
  end)

  it("goes to the least busy when no hit is worth it", function()
    local c = router({ 0, 288, 0 }, { 1, 2, 0 })
    expect(route(c)):is(c.prefill[3])
  end)

  it("leaves the hit when load is out of balance", function()
    local c = router({ 960, 0 }, { 6, 2 })
    expect(route(c)):is(c.prefill[1]) -- 4 more: still in balance
    c:change(c.prefill[1], { inflight = 7 })
    expect(route(c)):is(c.prefill[2])
    c:change(c.prefill[1], { inflight = 25 })
    c:change(c.prefill[2], { inflight = 20 })
    expect(route(c)):is(c.prefill[1]) -- 5 more, but only 1.25 times as many
  end)

  it("decodes where there is most room", function()
    local c = cluster {
      policy = "prefix_affinity.lua",
      instances = { { role = "decode", kv_usage = 0.5 }, { role = "decode", kv_usage = 0.2 } },
    }
    expect(c:route_decode(c:request { stage = "decode" })):is(c.decode[2])
  end)
end)
