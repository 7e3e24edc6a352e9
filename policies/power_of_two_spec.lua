-- power_of_two: the less loaded of some that are picked by dice.

local function router(choices, loads)
  local instances = {}
  for i, load in ipairs(loads) do instances[i] = { role = "prefill", inflight = load } end
  return cluster { policy = "power_of_two.lua", params = { choices = choices }, instances = instances }
end

local function counts(c, times)
  local seen = {}
  for i = 1, #c.prefill do seen[i] = 0 end
  for _ = 1, times do
    local id = c:route(c:request()).id
    seen[id] = seen[id] + 1
  end
  return seen
end

describe("power_of_two", function()
  it("never takes the fullest of three", function()
    local seen = counts(router(2, { 5, 9, 1 }), 600)
    expect(seen[2]):is(0)
    -- The emptiest is in two of the three pairs.
    expect(seen[3]):near(400, 60)
  end)

  it("takes the emptiest when it looks at all", function()
    expect(counts(router(3, { 5, 9, 1 }), 50)):equals { 0, 0, 50 }
  end)

  it("can be told to look at more than there are", function()
    expect(counts(router(99, { 5, 1 }), 50)):equals { 0, 50 }
  end)

  it("throws dice when it looks at one", function()
    local seen = counts(router(1, { 5, 9, 1 }), 600)
    for i = 1, 3 do expect(seen[i]):near(200, 60) end
  end)

  it("waits without candidates", function()
    local c = router(2, { 1 })
    expect(c:route(c:request(), {})):is_nil()
  end)
end)
