-- sglang_bucket: ranges of lengths, fitted again so that each holds the same tokens.

local function router(params)
  return cluster { policy = "sglang_bucket.lua", params = params, instances = { {}, {} } }
end

describe("sglang_bucket", function()
  it("begins with ranges of equal width", function()
    local c = router { first_longest = 4000 }
    expect(c:route(c:request { prompt_tokens = 2000 })):is(c.mixed[1])
    expect(c:route(c:request { prompt_tokens = 2001 })):is(c.mixed[2])
    expect(c:route(c:request { prompt_tokens = 90000 })):is(c.mixed[2])
  end)

  it("moves boundaries to where half the tokens are", function()
    local c = router()
    -- 10 prompts of 100, 10 of 300: 4,000 tokens, half of which are reached within the 300s.
    for _ = 1, 10 do
      c:route(c:request { prompt_tokens = 100 })
      c:route(c:request { prompt_tokens = 300 })
    end
    c:advance(5)
    expect(c:route(c:request { prompt_tokens = 301 })):is(c.mixed[2])
    expect(c:route(c:request { prompt_tokens = 300 })):is(c.mixed[1])
  end)

  it("forgets prompts older than its window", function()
    local c = router { window_s = 10 }
    for _ = 1, 20 do c:route(c:request { prompt_tokens = 100 }) end
    c:advance(20)
    c:route(c:request { prompt_tokens = 1000 })
    for _ = 1, 10 do c:route(c:request { prompt_tokens = 800 }) end
    c:advance(6)
    expect(c:route(c:request { prompt_tokens = 700 })):is(c.mixed[1])
  end)

  it("takes the least loaded while loads are uneven", function()
    local c = router { balance_abs = 10 }
    c:change(c.mixed[1], { inflight = 20 })
    expect(c:route(c:request { prompt_tokens = 10 })):is(c.mixed[2])
  end)
end)
