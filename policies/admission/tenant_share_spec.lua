-- tenant_share turns tenants away that had more than their share, while it is busy.

local function door(params)
  return cluster { policy = "tenant_share.lua", params = params, instances = { {} } }
end

local function admits(c, tenant, tokens)
  return (c:admit(c:request { tenant = tenant, prompt_tokens = tokens }))
end

describe("tenant_share", function()
  it("lets anybody in while nothing waits", function()
    local c = door()
    for _ = 1, 10 do expect(admits(c, "large", 1000)):is(true) end
  end)

  it("rejects above slack times the fair share, while it is busy", function()
    local c = door { slack = 1.5 }
    for _ = 1, 7 do admits(c, "large", 100) end
    for _ = 1, 3 do admits(c, "small", 100) end
    c:change(c.instances[1], { waiting_prompt_tokens = 5000 })
    expect(admits(c, "large", 100)):is(true) -- 700 is less than 1.5 * 1,000 / 2
    expect(admits(c, "large", 100)):is(true) -- 800 is less than 825
    expect(admits(c, "large", 100)):is(true) -- 900 is not more than 900
    expect(admits(c, "large", 1000)):is(false) -- 1,000 is more than 975
    expect(admits(c, "small", 1000)):is(true)
  end)

  it("forgets what is older than its window", function()
    local c = door { slack = 1, window_s = 10 }
    admits(c, "small", 10)
    for _ = 1, 5 do admits(c, "large", 100) end
    c:change(c.instances[1], { waiting_prompt_tokens = 5000 })
    expect(admits(c, "large", 100)):is(false)
    c:advance(11)
    expect(admits(c, "large", 100)):is(true)
  end)

  it("counts generated tokens", function()
    local c = door { slack = 1 }
    local long = c:request { tenant = "a", prompt_tokens = 10, generated_tokens = 500 }
    c:admit(long)
    admits(c, "b", 100)
    c:on_finish(long)
    c:change(c.instances[1], { waiting_prompt_tokens = 5000 })
    expect(admits(c, "a", 10)):is(false)
    expect(admits(c, "b", 10)):is(true)
  end)
end)
