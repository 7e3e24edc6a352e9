-- sjf: the shortest prompt first; a second of waiting can be worth tokens.

local function batch(aging, waiting)
  local c = cluster {
    policy = "sjf.lua", params = { aging = aging }, instances = { { waiting = waiting } }, now_s = 100,
  }
  return c:batch(c.instances[1]).limits.order
end

local function turns(list)
  local order = {}
  for i, request in ipairs(list) do order[i] = request.turn end
  return order
end

describe("sjf", function()
  it("leaves the order to the engine without aging", function()
    expect(batch(0, { { prompt_tokens = 50 } })):is("sjf")
  end)

  local waiting = {
    { turn = 1, prompt_tokens = 900, arrival_s = 90 }, -- waits since 10 s
    { turn = 2, prompt_tokens = 500, arrival_s = 100 },
    { turn = 3, prompt_tokens = 350, arrival_s = 100 },
  }

  it("lets waiting count", function()
    expect(turns(batch(50, waiting))):equals { 3, 1, 2 } -- 900 - 10 * 50 = 400
  end)

  it("lets it count little when told so", function()
    expect(turns(batch(1, waiting))):equals { 3, 2, 1 } -- 900 - 10 * 1 = 890
  end)

  it("looks at what is left of a prompt", function()
    expect(turns(batch(1, {
      { turn = 1, prompt_tokens = 300, arrival_s = 100 },
      { turn = 2, prompt_tokens = 900, remaining_prompt_tokens = 100, arrival_s = 100 },
    }))):equals { 2, 1 }
  end)
end)
