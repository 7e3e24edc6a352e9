-- The least item, and what happens among equals.

local least = require "least"

local function itself(x) return x end

describe("least", function()
  it("finds the least and its cost", function()
    local item, cost = least.first({ 5, 3, 9 }, function(x) return x * 2 end)
    expect(item):is(3)
    expect(cost):is(6)
    expect((least.any({ 5, 3, 9 }, itself))):is(3)
  end)

  it("answers nil for an empty list", function()
    expect((least.first({}, itself))):is_nil()
    expect((least.any({}, itself))):is_nil()
  end)

  it("takes the first of equals, or any of them", function()
    local items = { { name = "a", c = 2 }, { name = "b", c = 1 }, { name = "c", c = 1 }, { name = "d", c = 1 } }
    local cost = function(item) return item.c end
    expect(least.first(items, cost).name):is("b")
    local seen = { a = 0, b = 0, c = 0, d = 0 }
    for _ = 1, 300 do
      local name = least.any(items, cost).name
      seen[name] = seen[name] + 1
    end
    expect(seen.a):is(0)
    for _, name in ipairs { "b", "c", "d" } do expect(seen[name]):above(60) end -- 100 on average
  end)
end)
