-- session_affinity keeps sessions where they are, and spreads requests without one.

local function router(count)
  local instances = {}
  for i = 1, count do instances[i] = { role = "prefill", name = "prefill/" .. i - 1 } end
  return cluster { policy = "session_affinity.lua", params = { window_s = 10 }, instances = instances }
end

describe("session_affinity", function()
  it("keeps a session on one instance", function()
    local c = router(4)
    for s = 1, 20 do
      local name = "session" .. s
      local first = c:route(c:request { session_id = name })
      c:change(first, { inflight = 100 })
      expect(c:route(c:request { session_id = name })):is(first)
    end
  end)

  it("uses all instances", function()
    local c = router(4)
    local seen = {}
    for s = 1, 100 do seen[c:route(c:request { session_id = "session" .. s }).id] = true end
    expect(seen):equals { true, true, true, true }
  end)

  it("moves a session only when its instance is no candidate", function()
    local c = router(3)
    local before = c:route(c:request { session_id = "chat" })
    local others = c:filter(c.prefill, "id", "~=", before.id)
    expect(c:route(c:request { session_id = "chat" }, others)):is_not(before)
    expect(c:route(c:request { session_id = "chat" })):is(before)
  end)

  it("sends others to where the fewest went of late", function()
    local c = router(2)
    expect(c:route(c:request())):is(c.prefill[1])
    expect(c:route(c:request())):is(c.prefill[2])
    c:advance(5)
    expect(c:route(c:request(), { c.prefill[2] })):is(c.prefill[2])
    expect(c:route(c:request())):is(c.prefill[1])
    c:advance(6) -- what came at 0 s is forgotten: one each is left
    expect(c:route(c:request())):is(c.prefill[1])
  end)
end)
