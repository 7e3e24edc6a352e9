-- Keys leave in the order of their last use.

local lru = require "lru"

describe("lru", function()
  it("orders keys by last use", function()
    local l = lru.new()
    for _, key in ipairs { "a", "b", "c", "a" } do l:touch(key) end
    expect(l:keys()):equals { "b", "c", "a" }
    expect((l:oldest())):is("b")
    l:remove("b")
    l:remove("never there")
    expect((l:oldest())):is("c")
    expect(l.size):is(2)
  end)

  it("keeps values, and forgets what was removed", function()
    local l = lru.new()
    l:touch("a", 1)
    l:touch("a")
    expect(l:get("a")):is(1)
    l:touch("a", 2)
    local key, value = l:oldest()
    expect(key):is("a")
    expect(value):is(2)
    l:remove("a")
    expect(l:get("a")):is_nil()
    expect((l:oldest())):is_nil()
  end)

  it("agrees with a plain list", function()
    local l, list = lru.new(), {}
    for _ = 1, 2000 do
      local key = math.random(20)
      for i = #list, 1, -1 do
        if list[i] == key then table.remove(list, i) end
      end
      if math.random() < 0.3 then
        l:remove(key)
      else
        l:touch(key)
        list[#list + 1] = key
      end
      expect(l:keys()):equals(list)
    end
  end)
end)
