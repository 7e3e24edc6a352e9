-- Scorers against their formulas, worked out by hand.

local ledger = require "ledger"
local lru = require "lru"
local scorers = require "scorers"

local function memory(params)
  return { ledger = ledger.new(), cold = lru.new(), sessions = {}, now_s = 0, params = params or {} }
end

local function near(scores, expected)
  expect(#scores):is(#expected)
  for i = 1, #expected do expect(scores[i]):near(expected[i], 1e-9) end
end

describe("scorers", function()
  it("prefix is the cached fraction, with a share for long hits", function()
    local c = cluster { instances = { { prefix_hit_tokens = 4096 }, { prefix_hit_tokens = 0 } } }
    local request = c:request { prompt_tokens = 16384 }
    near(scorers.prefix(request, c.instances, memory()), { 0.25, 0 })
    -- 0.5 * (4096 / 8192)^2 + 0.5 * 0.25
    near(scorers.prefix(request, c.instances, memory { absolute_weight = 0.5 }), { 0.25, 0 })
    near(scorers.prefix(request, c.instances, memory { absolute_weight = 1 }), { 0.25, 0 })
    local short = c:request { prompt_tokens = 8192 }
    near(scorers.prefix(short, c.instances, memory { absolute_weight = 0.4 }), { 0.4 * 0.25 + 0.6 * 0.5, 0 })
  end)

  it("queue and running go from the most to the least", function()
    local c = cluster {
      instances = {
        { waiting_count = 6, running_count = 3 }, { waiting_count = 2, running_count = 3 },
        { waiting_count = 3, running_count = 3 },
      },
    }
    near(scorers.queue(c:request(), c.instances), { 0, 1, 0.75 })
    near(scorers.running(c:request(), c.instances), { 1, 1, 1 })
  end)

  it("kv is what is free", function()
    local c = cluster { instances = { { kv_usage = 0.25 }, { kv_usage = 1 } } }
    near(scorers.kv(c:request(), c.instances), { 0.75, 0 })
  end)

  it("active and token_load count what the router has sent", function()
    local c = cluster { instances = { {}, {}, {} } }
    local m = memory()
    for _ = 1, 4 do m.ledger:send(c:request { prompt_tokens = 524288 }, c.instances[1]) end
    m.ledger:send(c:request { prompt_tokens = 524288 }, c.instances[2])
    near(scorers.active(c:request(), c.instances, m), { 0, 0.75, 1 })
    near(scorers.token_load(c:request(), c.instances, m), { 0.5, 0.875, 1 })
  end)

  it("load_aware falls to 0 at 128", function()
    local c = cluster { instances = { { waiting_count = 0 }, { waiting_count = 64 }, { waiting_count = 200 } } }
    near(scorers.load_aware(c:request(), c.instances), { 0.5, 0.25, 0 })
  end)

  it("no_hit_lru prefers who never had a cold prompt, then the oldest", function()
    local c = cluster { instances = { {}, {}, {} } }
    local m = memory()
    near(scorers.no_hit_lru(c:request(), c.instances, m), { 1, 1, 1 })
    m.cold:touch(2)
    m.cold:touch(1)
    near(scorers.no_hit_lru(c:request(), c.instances, m), { 0, 0.5, 1 })
    c:change(c.instances[1], { prefix_hit_tokens = 16 })
    near(scorers.no_hit_lru(c:request(), c.instances, m), { 0.5, 0.5, 0.5 })
  end)

  it("session knows the bound instance until it expires", function()
    local c = cluster { instances = { {}, {} } }
    local m = memory()
    m.sessions.chat = { instance = 2, until_s = 10 }
    near(scorers.session(c:request { session_id = "chat" }, c.instances, m), { 0, 1 })
    near(scorers.session(c:request { session_id = "other" }, c.instances, m), { 0, 0 })
    near(scorers.session(c:request(), c.instances, m), { 0, 0 })
    m.now_s = 10
    near(scorers.session(c:request { session_id = "chat" }, c.instances, m), { 0, 0 })
  end)

  it("context_length prefers the tightest range that holds the request", function()
    local c = cluster { instances = { { name = "a" }, { name = "b" }, { name = "c" }, { name = "d" } } }
    local m = memory { ranges = { a = { 0, 2000 }, b = { 0, 8000 }, c = { 4000, 8000 } } }
    local scores = scorers.context_length(c:request { prompt_tokens = 1000, context_tokens = 1000 }, c.instances, m)
    near(scores, { 0.65, 0.3875, 0.075, 0.5 })
  end)

  it("latency takes the tightest fit of those that meet both targets", function()
    local c = cluster {
      instances = {
        { estimate_prefill_s = 0.2, estimate_step_s = 0.01, inflight = 1 },
        { estimate_prefill_s = 0.9, estimate_step_s = 0.01, inflight = 1 },
        { estimate_prefill_s = 1.1, estimate_step_s = 0.01, inflight = 1 },
      },
    }
    local scores = scorers.latency(c:request(), c.instances, memory { ttft_slo_s = 1, tpot_slo_s = 0.02 })
    expect(scores[2]):is(1)
    expect(scores[1]):near(1 - 0.9 * 0.8)
    expect(scores[3]):is(0)
  end)

  it("latency takes an idle instance, then a miss of TPOT only, when none meets both", function()
    local c = cluster {
      instances = {
        { estimate_prefill_s = 2, estimate_step_s = 0.01, inflight = 1 },
        { estimate_prefill_s = 0.5, estimate_step_s = 0.03, inflight = 1 },
        { estimate_prefill_s = 5, estimate_step_s = 0.03, inflight = 0 },
      },
    }
    local m = memory { ttft_slo_s = 1, tpot_slo_s = 0.02 }
    near(scorers.latency(c:request(), c.instances, m), { 0, 0, 1 })
    c:change(c.instances[3], { inflight = 1 })
    near(scorers.latency(c:request(), c.instances, m), { 0, 1, 0 })
  end)
end)
