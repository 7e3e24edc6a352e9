-- lfu: what was found least goes first, and hits can fade.

local function victim(candidates, half_life_s)
  local c = cluster { policy = "lfu.lua", params = { half_life_s = half_life_s or 0 }, instances = { {} }, now_s = 100 }
  return c:evict(c.instances[1], candidates, 4)
end

describe("lfu", function()
  it("drops what was found least", function()
    expect(victim { { hits = 3 }, { hits = 0, blocks = 8 }, { hits = 1 } }):is(2)
  end)

  it("drops the least recently used of equals", function()
    expect(victim { { hits = 2, freed_s = 10 }, { hits = 2, freed_s = 20 } }):is(1)
  end)

  local faded = { { hits = 8, idle_s = 40 }, { hits = 1, idle_s = 0 } }

  it("keeps what was popular once", function()
    expect(victim(faded)):is(2)
  end)

  it("lets hits fade when told so", function()
    expect(victim(faded, 10)):is(1) -- 8 * 0.5 ^ 4 = 0.5
  end)
end)
