-- Pickers follow the chances that they promise.

local pickers = require "pickers"

local items = { "a", "b", "c" }

-- How often each is picked in 2,000 tries, as a fraction.
local function shares(pick)
  local seen = { a = 0, b = 0, c = 0 }
  for _ = 1, 2000 do
    local item = pick()
    seen[item] = seen[item] + 1 / 2000
  end
  return seen
end

describe("pickers", function()
  it("max_score takes the highest and breaks ties at random", function()
    expect(pickers.max_score(items, { 0.1, 0.9, 0.2 })):is("b")
    local seen = shares(function() return pickers.max_score(items, { 1, 0, 1 }) end)
    expect(seen.b):is(0)
    expect(seen.a):near(0.5, 0.06)
  end)

  it("random ignores scores", function()
    local seen = shares(function() return pickers.random(items, { 1, 0, 0 }) end)
    for _, item in ipairs(items) do expect(seen[item]):near(1 / 3, 0.06) end
  end)

  it("weighted_random follows scores", function()
    local seen = shares(function() return pickers.weighted_random(items, { 3, 1, 0 }) end)
    expect(seen.a):near(0.75, 0.06)
    expect(seen.b):near(0.25, 0.06)
    expect(seen.c):is(0)
  end)

  it("weighted_random picks any when nothing scores", function()
    local seen = shares(function() return pickers.weighted_random(items, { 0, 0, 0 }) end)
    for _, item in ipairs(items) do expect(seen[item]):near(1 / 3, 0.06) end
  end)

  it("softmin is the least cost at temperature 0, random among equals", function()
    local seen = shares(function() return pickers.softmin(items, { 1, 5, 1 }, 0) end)
    expect(seen.b):is(0)
    expect(seen.a):near(0.5, 0.06)
  end)

  it("softmin spreads with temperature", function()
    -- Weights exp(0), exp(-0.5), exp(-1): 0.506, 0.307, 0.186.
    local seen = shares(function() return pickers.softmin(items, { 10, 15, 20 }, 1) end)
    expect(seen.a):near(0.506, 0.06)
    expect(seen.b):near(0.307, 0.06)
    expect(seen.c):near(0.186, 0.06)
  end)

  it("all answer nil without items", function()
    for _, name in ipairs { "max_score", "random", "weighted_random", "softmin" } do
      expect(pickers[name]({}, {}, 1)):is_nil()
    end
  end)
end)
