-- priority_aging: a second of waiting is worth 0.1 of priority. `turn` tells the requests apart.

local function order(aging, waiting)
  for _, request in ipairs(waiting) do
    request.prompt_tokens, request.remaining_prompt_tokens = 10, 10
  end
  local c = cluster {
    policy = "priority_aging.lua", params = { aging = aging }, instances = { { waiting = waiting } }, now_s = 100,
  }
  local list = c:batch(c.instances[1]).limits.order
  for i, request in ipairs(list) do list[i] = request.turn end
  return list
end

describe("priority_aging", function()
  it("puts higher priority first, then the older", function()
    expect(order(0.001, {
      { turn = 1, arrival_s = 99 }, { turn = 2, arrival_s = 98 }, { turn = 3, arrival_s = 99, priority = 2 },
    })):equals { 3, 2, 1 }
  end)

  it("lets those that have waited long enough pass", function()
    local waiting = { { turn = 1, arrival_s = 99, priority = 1 }, { turn = 2, arrival_s = 88 } }
    expect(order(0.1, waiting)):equals { 2, 1 } -- 1 + 0.1 against 0 + 1.2
  end)

  it("does so no sooner", function()
    local waiting = { { turn = 1, arrival_s = 99, priority = 1 }, { turn = 2, arrival_s = 90 } }
    expect(order(0.1, waiting)):equals { 1, 2 }
  end)
end)
