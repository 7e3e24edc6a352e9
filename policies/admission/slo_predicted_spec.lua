-- slo_predicted admits when some instance meets each target.

local function pair(params)
  return cluster {
    policy = "slo_predicted.lua", params = params,
    instances = {
      { role = "prefill", inflight = 3, estimate_prefill_s = 2.5 },
      { role = "prefill", inflight = 3, estimate_prefill_s = 1.5 },
      { role = "decode", inflight = 3, kv_usage = 0.5, estimate_step_s = 0.12 },
    },
  }
end

describe("slo_predicted", function()
  it("rejects a late first token", function()
    local c = pair { ttft_slo_s = 1.4, tpot_slo_s = 1 }
    local admitted, why = c:admit(c:request { prompt_tokens = 100 })
    expect(admitted):is(false)
    expect(why):contains("TTFT")
    c:change(c.prefill[1], { inflight = 0 }) -- an idle one is good enough
    expect(c:admit(c:request { prompt_tokens = 100 })):is(true)
  end)

  it("rejects slow tokens", function()
    local c = pair { ttft_slo_s = 2 }
    local admitted, why = c:admit(c:request { prompt_tokens = 100 })
    expect(admitted):is(false)
    expect(why):contains("TPOT")
    c:change(c.decode[1], { kv_usage = 0.01 })
    expect(c:admit(c:request { prompt_tokens = 100 })):is(true)
  end)

  it("has slack", function()
    local c = pair { ttft_slo_s = 1, tpot_slo_s = 0.1, slack = 1.6 }
    expect(c:admit(c:request { prompt_tokens = 100 })):is(true)
  end)

  it("goes by the request's own targets and priority", function()
    local c = pair { ttft_slo_s = 1, tpot_slo_s = 0.01 }
    expect(c:admit(c:request { ttft_slo_s = 2, tpot_slo_s = 0.2 })):is(true)
    expect((c:admit(c:request { ttft_slo_s = 1.4, tpot_slo_s = 0.2 }))):is(false)
    expect((c:admit(c:request { ttft_slo_s = 2, tpot_slo_s = 0.1 }))):is(false)
    expect(c:admit(c:request { ttft_slo_s = 0, priority = 1 })):is(true)
  end)
end)
