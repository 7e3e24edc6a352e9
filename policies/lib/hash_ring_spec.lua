-- Rings share keys evenly and move few of them.

local hash_ring = require "hash_ring"

local function owners(ring, usable)
  local result = {}
  for key = 1, 2000 do result[key] = ring:find("session" .. key, usable) end
  return result
end

describe("hash_ring", function()
  it("shares keys about evenly", function()
    local counts = { a = 0, b = 0, c = 0, d = 0 }
    for _, name in ipairs(owners(hash_ring.new({ "a", "b", "c", "d" }))) do counts[name] = counts[name] + 1 end
    for _, name in ipairs { "a", "b", "c", "d" } do expect(counts[name]):near(500, 200) end
  end)

  it("moves only the keys of a node that goes", function()
    local before = owners(hash_ring.new({ "a", "b", "c" }))
    local after = owners(hash_ring.new({ "a", "b" }))
    local passed = owners(hash_ring.new({ "a", "b", "c" }), function(name) return name ~= "c" end)
    for key = 1, 2000 do
      if before[key] ~= "c" then expect(after[key]):is(before[key]) end
      expect(passed[key]):is(after[key])
    end
  end)

  it("answers nil when nobody is there", function()
    expect(hash_ring.new({}):find("x")):is_nil()
    expect(hash_ring.new({ "a" }):find("x", function() return false end)):is_nil()
  end)
end)
