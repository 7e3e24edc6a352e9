-- earliest_deadline: by the target of the first token. `turn` tells the requests apart; now is 100 s.

local function order(params, waiting)
  local c = cluster {
    policy = "earliest_deadline.lua", params = params, instances = { { waiting = waiting } }, now_s = 100,
  }
  local list = c:batch(c.instances[1]).limits.order
  for i, request in ipairs(list) do list[i] = request.turn end
  return list
end

describe("earliest_deadline", function()
  it("takes the nearest target first", function()
    expect(order({ ttft_slo_s = 5 }, {
      { turn = 1, arrival_s = 99 }, { turn = 2, arrival_s = 99.5, ttft_slo_s = 1 }, { turn = 3, arrival_s = 98 },
    })):equals { 2, 3, 1 } -- 104, 100.5 and 103 s
  end)

  it("puts those that are late already last", function()
    local waiting = {
      { turn = 1, arrival_s = 90, ttft_slo_s = 5 }, { turn = 2, arrival_s = 99, ttft_slo_s = 9 },
      { turn = 3, arrival_s = 99, ttft_slo_s = 4 },
    }
    expect(order({ drop_late = true }, waiting)):equals { 3, 2, 1 }
  end)

  it("keeps them first when told so", function()
    local waiting = { { turn = 1, arrival_s = 99, ttft_slo_s = 4 }, { turn = 2, arrival_s = 90, ttft_slo_s = 5 } }
    expect(order({ drop_late = false }, waiting)):equals { 2, 1 }
  end)
end)
