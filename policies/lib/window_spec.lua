-- Windows forget what is older than they are long.

local window = require "window"

describe("window", function()
  it("sums what was added in the last seconds", function()
    local w = window.new(10)
    w:add(0, 5)
    w:add(4, 7)
    expect(w:sum(4)):is(12)
    expect(w:sum(9.9)):is(12)
    expect(w:sum(10)):is(7)
    expect(w:sum(14)):is(0)
  end)

  it("agrees with a sum over all that was added", function()
    local w, all = window.new(3), {}
    local now = 0
    for i = 1, 500 do
      now = now + math.random()
      w:add(now, i)
      all[#all + 1] = { now, i }
      local expected = 0
      for _, entry in ipairs(all) do
        if entry[1] > now - 3 then expected = expected + entry[2] end
      end
      expect(w:sum(now)):is(expected)
    end
  end)

  it("leaves no rounding behind", function()
    local w = window.new(1)
    for i = 1, 10 do w:add(i / 100, 0.1) end
    expect(w:sum(5)):is(0)
  end)
end)
