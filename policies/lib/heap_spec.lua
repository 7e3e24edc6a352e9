-- Heaps give items back in the order of their keys.

local heap = require "heap"

describe("heap", function()
  it("is empty at first", function()
    local h = heap.new()
    expect(h:peek()):is_nil()
    expect(h:pop()):is_nil()
  end)

  it("gives the least first, and equals in order", function()
    local h = heap.new()
    h:push(2, "b")
    h:push(1, "a")
    h:push(2, "c")
    local key, item = h:peek()
    expect(key):is(1)
    expect(item):is("a")
    local order = {}
    while h.size > 0 do
      local _, popped = h:pop()
      order[#order + 1] = popped
    end
    expect(order):equals { "a", "b", "c" }
  end)

  it("agrees with sorting, pushes and pops mixed", function()
    local h, listed = heap.new(), {}
    for round = 1, 2000 do
      if #listed > 0 and math.random() < 0.45 then
        table.sort(listed)
        expect((h:pop())):is(table.remove(listed, 1))
      else
        local key = math.random(100)
        h:push(key, round)
        listed[#listed + 1] = key
      end
      expect(h.size):is(#listed)
    end
  end)
end)
