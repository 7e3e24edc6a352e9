-- mooncake_conductor takes the soonest first token, and rejects what would be late everywhere.

local function pair(params)
  return cluster {
    policy = "mooncake_conductor.lua", params = params,
    instances = {
      { role = "prefill", estimate_prefill_s = 3 }, { role = "prefill", estimate_prefill_s = 1 },
      { role = "decode", estimate_step_s = 0.03 }, { role = "decode", estimate_step_s = 0.02 },
    },
  }
end

describe("mooncake_conductor", function()
  it("takes the soonest first token and the quickest tokens", function()
    local c = pair()
    local request = c:request { prompt_tokens = 100 }
    expect(c:route(request)):is(c.prefill[2])
    expect(c:route_decode(request)):is(c.decode[2])
  end)

  it("passes over decode instances without memory, unless none has any", function()
    local c = pair()
    c:change(c.decode[2], { kv_usage = 1 })
    expect(c:route_decode(c:request { prompt_tokens = 100 })):is(c.decode[1])
    c:change(c.decode[1], { kv_usage = 1 })
    expect(c:route_decode(c:request { prompt_tokens = 100 })):is(c.decode[2])
  end)

  it("counts the request itself and what is on its way", function()
    local c = cluster {
      policy = "mooncake_conductor.lua",
      instances = {
        { role = "prefill" },
        {
          role = "decode", running_count = 2, transfers_in = 3,
          estimate_step_s = function(shape) return shape.decode_seqs / 100 end,
        },
        { role = "decode", running_count = 4, estimate_step_s = function(shape) return shape.decode_seqs / 100 end },
      },
    }
    expect(c:route_decode(c:request { prompt_tokens = 100 })):is(c.decode[2])
  end)

  it("rejects when the best pair misses a target", function()
    local c = pair { ttft_slo_s = 0.9 }
    local admitted, why = c:admit(c:request { prompt_tokens = 100 })
    expect(admitted):is(false)
    expect(why):contains("TTFT")
  end)

  it("rejects for slow tokens too, and else admits", function()
    local c = pair { tbt_slo_s = 0.01 }
    local admitted, why = c:admit(c:request { prompt_tokens = 100 })
    expect(admitted):is(false)
    expect(why):contains("TBT")
    c:change(c.decode[1], { estimate_step_s = 0.01 })
    expect(c:admit(c:request { prompt_tokens = 100 })):is(true)
  end)
end)
