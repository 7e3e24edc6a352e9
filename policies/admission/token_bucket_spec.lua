-- token_bucket: 100 tokens a second, 1,000 saved up, at most 5 s of waiting.

local function bucket()
  return cluster {
    policy = "token_bucket.lua", params = { rate = 100, burst = 1000, max_wait_s = 5 }, instances = { {} }, now_s = 50,
  }
end

describe("token_bucket", function()
  it("begins full", function()
    local c = bucket()
    expect(c:admit(c:request { prompt_tokens = 600 })):is(true)
    expect(c:admit(c:request { prompt_tokens = 400 })):is(true)
    expect(c:admit(c:request { prompt_tokens = 1 })):is("defer")
  end)

  it("defers until enough would be there", function()
    local c = bucket()
    c:admit(c:request { prompt_tokens = 800 })
    local late = c:request { prompt_tokens = 500 } -- 300 are missing: 3 s
    local answer, seconds = c:admit(late)
    expect(answer):is("defer")
    expect(seconds):near(3, 0.01)
    c:advance(seconds)
    expect(c:admit(late)):is(true)
  end)

  it("rejects what would wait too long", function()
    local c = bucket()
    c:admit(c:request { prompt_tokens = 1000 })
    local answer, reason = c:admit(c:request { prompt_tokens = 501 })
    expect(answer):is(false)
    expect(reason):is("rate limit")
  end)

  it("counts what a request has waited before", function()
    local c = bucket()
    c:admit(c:request { prompt_tokens = 1000 })
    expect(c:admit(c:request { prompt_tokens = 450 })):is("defer")
    expect(c:admit(c:request { prompt_tokens = 450, arrival_s = 49 })):is(false)
  end)

  it("takes the whole bucket for a prompt that is longer", function()
    local c = bucket()
    expect(c:admit(c:request { prompt_tokens = 5000 })):is(true)
    expect(c:admit(c:request { prompt_tokens = 1 })):is("defer")
  end)
end)
