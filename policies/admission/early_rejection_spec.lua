-- early_rejection, on a decode instance whose tokens take 10 ms for each request in it; the target is 35 ms.

local function pair(by, prefill_s)
  return cluster {
    policy = "early_rejection.lua", params = { by = by, ttft_slo_s = 10, tbt_slo_s = 0.035, decode_s = 4 },
    instances = {
      { role = "prefill", estimate_prefill_s = prefill_s or 2 },
      { role = "decode", estimate_step_s = function(shape) return shape.decode_seqs / 100 end },
    },
  }
end

local function admits(c)
  local request = c:request { prompt_tokens = 100 }
  local admitted, why = c:admit(request)
  return admitted, why, request
end

describe("early_rejection", function()
  it("rejects when prefill is overloaded", function()
    local admitted, why = admits(pair("predicted", 11))
    expect(admitted):is(false)
    expect(why):is("prefill overloaded")
  end)

  it("on current load, looks at what decodes now", function()
    local c = pair("current")
    c:change(c.decode[1], { running_count = 2 })
    expect((admits(c))):is(true) -- 3 in all
    c:change(c.decode[1], { running_count = 3 })
    local admitted, why = admits(c)
    expect(admitted):is(false)
    expect(why):is("decode overloaded")
  end)

  it("on current load, lets in any number while nothing has come through yet", function()
    local c = pair("current")
    for _ = 1, 10 do expect((admits(c))):is(true) end
  end)

  it("on predicted load, counts those whose prompts will be done", function()
    local c = pair("predicted")
    for _ = 1, 3 do expect((admits(c))):is(true) end
    expect((admits(c))):is(false) -- the fourth would decode with three others
  end)

  it("on predicted load, leaves out those that will have decoded for long enough", function()
    local c = pair("predicted")
    for _ = 1, 3 do admits(c) end -- they decode from 2 s to 6 s
    c:advance(3.5)
    expect((admits(c))):is(false) -- it would come at 5.5 s
    c:advance(1)
    expect((admits(c))):is(true) -- at 6.5 s
  end)

  it("learns how long decoding takes, and forgets what is finished", function()
    local c = pair("predicted")
    local requests = {}
    for i = 1, 3 do
      local _, _, request = admits(c)
      requests[i] = request
    end
    c:advance(1)
    for _, request in ipairs(requests) do c:on_first_token(request) end
    c:advance(1) -- one second of decoding
    c:on_finish(requests[1])
    expect((admits(c))):is(true) -- the others will be done, too, when it comes at 4 s
  end)
end)
