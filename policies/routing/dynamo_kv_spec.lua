-- dynamo_kv adds blocks to compute and blocks to hold. Blocks are of 16 tokens.

local function router(instances, params)
  for _, instance in ipairs(instances) do instance.block_size = 16 end
  return cluster { policy = "dynamo_kv.lua", params = params, instances = instances }
end

describe("dynamo_kv", function()
  it("weighs cached blocks against blocks held", function()
    -- A prompt of 10 blocks: 10 - 5 + 4 + 10 = 19 blocks at the first, 10 + 0 + 10 = 20 at the second.
    local c = router { { prefix_hit_tokens = 80, kv_used_tokens = 64 }, {} }
    expect(c:route(c:request { prompt_tokens = 160 })):is(c.mixed[1])
    c:change(c.mixed[1], { kv_used_tokens = 96 }) -- 21
    expect(c:route(c:request { prompt_tokens = 160 })):is(c.mixed[2])
  end)

  it("counts prompts under way until their first token", function()
    -- The second prompt finds 10 blocks under way at one of them: it goes to the other; then the cache decides.
    local c = router { { prefix_hit_tokens = 0 }, { prefix_hit_tokens = 0 } }
    local first = c:request { prompt_tokens = 160 }
    local one = c:route(first)
    local other = c:route(c:request { prompt_tokens = 160 })
    expect(other):is_not(one)
    c:on_first_token(first)
    expect(c:route(c:request { prompt_tokens = 160 })):is(one)
  end)

  it("lets credit fade with load", function()
    local c = router({ { prefix_hit_tokens = 160 }, {} }, { credit_decay = 1 })
    -- 20 blocks are sent to the first while it is cheap: its credit of 10 is then 10 / (1 + 20 / 10).
    c:change(c.mixed[2], { kv_used_tokens = 64000 })
    c:change(c.mixed[1], { prefix_hit_tokens = 0 })
    expect(c:route(c:request { prompt_tokens = 320 })):is(c.mixed[1])
    c:change(c.mixed[1], { prefix_hit_tokens = 160 })
    -- 20 + 10 - 3.33 + 10 at the first; 10 + n + 10 at the second: equal at n = 16.67 blocks held there.
    c:change(c.mixed[2], { kv_used_tokens = 16 * 16 })
    expect(c:route(c:request { prompt_tokens = 160 })):is(c.mixed[2])
  end)

  it("multiplies by lmetric", function()
    -- (10 - 9) * (40 + 10 + 1) = 51 against 10 * (0 + 10 + 1) = 110; by sums 51 against 20.
    local pods = { { prefix_hit_tokens = 144, kv_used_tokens = 640 }, {} }
    local c = router(pods, { selection = "lmetric" })
    expect(c:route(c:request { prompt_tokens = 160 })):is(c.mixed[1])
  end)

  it("spreads with temperature", function()
    local c = router({ { prefix_hit_tokens = 160 }, {} }, { temperature = 1, prefill_load_scale = 1 })
    local seen = { 0, 0 }
    for _ = 1, 400 do
      local request = c:request { prompt_tokens = 160 }
      local chosen = c:route(request)
      c:on_first_token(request)
      seen[chosen.id] = seen[chosen.id] + 1
    end
    expect(seen[1] / 400):near(1 / (1 + math.exp(-1)), 0.08) -- 0.73
  end)

  it("decodes where fewest blocks are held", function()
    local c = router {
      { role = "prefill" }, { role = "decode", kv_used_tokens = 320 }, { role = "decode", kv_reserved_tokens = 160 },
    }
    expect(c:route_decode(c:request { prompt_tokens = 160 })):is(c.decode[2])
  end)

  it("bypasses prefill instances for short uncached prompts", function()
    local c = router({ { role = "prefill" }, { role = "mixed", prefix_hit_tokens = 1000 } }, { bypass = "isl" })
    expect(c:route(c:request { prompt_tokens = 3000 })):is(c.mixed[1]) -- 2,000 uncached, 0.67 of it
    expect(c:route(c:request { prompt_tokens = 3100 })):is(c.prefill[1]) -- 2,100
    c:change(c.mixed[1], { prefix_hit_tokens = 100 })
    expect(c:route(c:request { prompt_tokens = 1000 })):is(c.prefill[1]) -- 0.9 of it
  end)

  it("bypasses busy prefill instances, but not to full ones", function()
    local c = router({ { role = "prefill", busy = true }, { role = "mixed" } }, { bypass = "load" })
    expect(c:route(c:request { prompt_tokens = 3000 })):is(c.mixed[1])
    c:change(c.mixed[1], { kv_usage = 0.95 })
    expect(c:route(c:request { prompt_tokens = 3000 })):is(c.prefill[1])
    c:change(c.mixed[1], { kv_usage = 0 })
    c:change(c.prefill[1], { busy = false })
    expect(c:route(c:request { prompt_tokens = 3000 })):is(c.prefill[1])
  end)
end)
