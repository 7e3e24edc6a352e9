-- A radix tree answers as a plain list of all that was seen does.

local radix_tree = require "radix_tree"

local function keys(text)
  local list = {}
  for i = 1, #text do list[i] = text:sub(i, i) end
  return list
end

describe("radix_tree", function()
  it("finds the longest beginning and who saw it last", function()
    local t = radix_tree.new()
    t:insert(keys "hello", 1)
    t:insert(keys "help", 2)
    local count, owner = t:match(keys "helmet")
    expect(count):is(3)
    expect(owner):is(2)
    count, owner = t:match(keys "hello world")
    expect(count):is(5)
    expect(owner):is(1)
    count, owner = t:match(keys "xyz")
    expect(count):is(0)
    expect(owner):is_nil()
    t:insert(keys "hel", 1)
    expect(select(2, t:match(keys "helmet"))):is(1)
  end)

  it("knows what each owner has seen", function()
    local t = radix_tree.new()
    t:insert(keys "hello", 1)
    t:insert(keys "help", 2)
    expect(t:match_of(1, keys "help")):is(3)
    expect(t:match_of(2, keys "hello")):is(3)
    expect(t:match_of(2, keys "help me")):is(4)
    expect(t:match_of(3, keys "help")):is(0)
  end)

  it("counts a shared beginning for each owner, once", function()
    local t = radix_tree.new()
    t:insert(keys "hello", 1)
    t:insert(keys "help", 1)
    t:insert(keys "help", 2)
    t:insert(keys "help", 2)
    expect(t:size(1)):is(6) -- hel, lo, p
    expect(t:size(2)):is(4)
    expect(t:size(3)):is(0)
  end)

  it("evicts what was seen longest ago, from the ends inwards", function()
    local t = radix_tree.new()
    t:insert(keys "aabb", 1)
    t:insert(keys "aacc", 1)
    t:insert(keys "aabb", 2)
    t:evict(1, 5)
    expect(t:match_of(1, keys "aabb")):is(2)
    expect(t:match_of(1, keys "aacc")):is(4)
    expect(t:match_of(2, keys "aabb")):is(4)
    t:remove(1)
    expect(t:size(1)):is(0)
    expect((t:match(keys "aacc"))):is(2) -- the other's beginning
  end)

  it("agrees with a list of all sequences", function()
    local t, seen = radix_tree.new(), {}
    for _ = 1, 300 do
      local sequence, owner = {}, math.random(3)
      for i = 1, math.random(8) do sequence[i] = math.random(2) end
      local want = 0
      for _, other in ipairs(seen) do
        if other.owner == owner then
          local count = 0
          while count < #sequence and sequence[count + 1] == other.sequence[count + 1] do count = count + 1 end
          want = math.max(want, count)
        end
      end
      expect(t:match_of(owner, sequence)):is(want)
      local before = t:size(owner)
      t:insert(sequence, owner)
      expect(t:size(owner) - before):is(#sequence - want)
      seen[#seen + 1] = { owner = owner, sequence = sequence }
    end
  end)
end)
