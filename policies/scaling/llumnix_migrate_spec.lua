-- llumnix_migrate pairs the least free instance with the freest, and moves what is easiest to move.

local function request(context, more)
  local made = { stage = "decode", prompt_tokens = context, context_tokens = context, remaining_prompt_tokens = 0 }
  for name, value in pairs(more or {}) do made[name] = value end
  return made
end

local function pair(used, other, running)
  return cluster {
    policy = "llumnix_migrate.lua", params = { low = 100, high = 300 },
    instances = {
      { kv_capacity_tokens = 1000, kv_used_tokens = used, running = running },
      { kv_capacity_tokens = 1000, kv_used_tokens = other, running = { request(other) } },
    },
  }
end

describe("llumnix_migrate", function()
  it("moves the shortest request of a full instance to a free one", function()
    local c = pair(900, 200, { request(500), request(100), request(300) }) -- 33 and 800
    c:tick()
    expect(c:actions()):equals { { action = "migrate", request = c.mixed[1].running[2], instance = c.mixed[2] } }
  end)

  it("moves those of low priority first", function()
    local c = pair(900, 200, { request(500), request(100, { priority = 1 }), request(300) })
    c:tick()
    expect(c:actions()[1].request):is(c.mixed[1].running[3])
  end)

  it("moves one at a time", function()
    local c = pair(900, 200, { request(500), request(100) })
    c:change(c.mixed[1], { transfers_out = 1 })
    c:tick()
    expect(c:actions()):equals {}
  end)

  it("leaves those alone that are free enough, and those that have nowhere to go", function()
    local c = pair(500, 200, { request(200), request(200) }) -- 250 and 800
    c:tick()
    expect(c:actions()):equals {}
    c:change(c.mixed[1], { kv_used_tokens = 900 })
    c:change(c.mixed[2], { kv_used_tokens = 800 }) -- 50 and 200
    c:tick()
    expect(c:actions()):equals {}
  end)

  it("empties an instance that drains", function()
    local c = pair(300, 200, { request(300) })
    c:change(c.mixed[1], { state = "draining" })
    c:tick()
    expect(c:actions()[1].instance):is(c.mixed[2])
  end)
end)
