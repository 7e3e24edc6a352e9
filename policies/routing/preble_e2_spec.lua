-- preble_e2 exploits what is mostly cached and explores else. A prompt token takes 1 ms, a decode step 10 ms.

local function instance(description)
  description.estimate_step_s = function(shape)
    return (shape.prefill_tokens or 0) / 1000 + (shape.decode_seqs and 0.01 or 0)
  end
  return description
end

local function router(...)
  local instances = { ... }
  for i = 1, #instances do instances[i] = instance(instances[i]) end
  return cluster { policy = "preble_e2.lua", params = { window_s = 100 }, instances = instances }
end

describe("preble_e2", function()
  it("exploits a prefix that is more than half of the prompt", function()
    local c = router({}, { prefix_hit_tokens = 51 })
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.mixed[2])
  end)

  it("explores by the work of the window", function()
    local c = router({}, {})
    expect(c:route(c:request { prompt_tokens = 1000 })):is(c.mixed[1]) -- 1 s of work
    expect(c:route(c:request { prompt_tokens = 400 })):is(c.mixed[2])
    expect(c:route(c:request { prompt_tokens = 400 })):is(c.mixed[2]) -- 0.4 s against 1 s
    expect(c:route(c:request { prompt_tokens = 400 })):is(c.mixed[2]) -- 0.8 s
    expect(c:route(c:request { prompt_tokens = 400 })):is(c.mixed[1]) -- 1.2 s
    c:advance(101)
    expect(c:route(c:request { prompt_tokens = 400 })):is(c.mixed[1]) -- all forgotten: the first of equals
  end)

  it("counts the prompt's own work where it is missing", function()
    -- Half is cached at the second, which has 0.3 s of decoding: 0.3 + 0.5 against 1 s.
    local c = router({}, { prefix_hit_tokens = 500, running_count = 1 })
    local done = c:request { prompt_tokens = 10, generated_tokens = 30 }
    c:place(done, c.mixed[1])
    c:on_finish(done)
    c:finish(done)
    expect(c:route(c:request { prompt_tokens = 1000 })):is(c.mixed[2])
    c:change(c.mixed[2], { prefix_hit_tokens = 200 }) -- 0.3 + 0.5 + 0.8 against 1 s
    expect(c:route(c:request { prompt_tokens = 1000 })):is(c.mixed[1])
  end)

  it("stops exploiting the heaviest when loads are uneven", function()
    local c = router({ prefix_hit_tokens = 90 }, { prefix_hit_tokens = 0 })
    c:change(c.mixed[1], { running_count = 5 }) -- 1 s for 100 output tokens
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.mixed[2])
    c:change(c.mixed[2], { running_count = 5 })
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.mixed[1])
  end)
end)
