-- threshold: one more when queues are long, one less when they have been short for a while.

local function pool(waiting, more)
  local instances = { { role = "prefill" } }
  for _, count in ipairs(waiting) do
    instances[#instances + 1] = { role = "decode", waiting_count = count, inflight = count }
  end
  for _, state in ipairs(more or {}) do instances[#instances + 1] = { role = "decode", state = state } end
  return cluster { policy = "threshold.lua", params = { high = 5, low = 1, patience = 2 }, instances = instances }
end

describe("threshold", function()
  it("starts one when queues are long", function()
    local c = pool({ 4, 8 }, { "off", "off" })
    c:tick()
    expect(c:actions()):equals { { action = "add_instance", instance = c.decode[3] } }
  end)

  it("waits for one that starts", function()
    local c = pool({ 4, 8 }, { "starting", "off" })
    c:tick()
    expect(c:actions()):equals {}
  end)

  it("stops the emptiest when it has been calm for a while", function()
    local c = pool { 2, 0 }
    c:tick()
    expect(c:actions()):equals {}
    c:tick()
    expect(c:actions()):equals { { action = "remove_instance", instance = c.decode[2] } }
  end)

  it("keeps the last", function()
    local c = pool { 0 }
    for _ = 1, 5 do c:tick() end
    expect(c:actions()):equals {}
  end)
end)
