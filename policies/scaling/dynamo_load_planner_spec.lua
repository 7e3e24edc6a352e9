-- dynamo_load_planner: all above the target, or all far below it.

local function engines(first, second, more)
  local instances = { { role = "prefill", estimate_step_s = 0.4, waiting_prompt_tokens = 2048 } }
  for _, step in ipairs { first, second } do
    instances[#instances + 1] = {
      role = "decode", running_count = 4, running_context_tokens = 4000, estimate_step_s = step,
    }
  end
  instances[#instances + 1] = { role = "decode", state = more or "off" }
  return cluster { policy = "dynamo_load_planner.lua", params = { itl_s = 0.05, ttft_s = 0.45 }, instances = instances }
end

describe("dynamo_load_planner", function()
  it("starts one when all are above the target", function()
    local c = engines(0.06, 0.07)
    c:tick()
    expect(c:actions()):equals { { action = "add_instance", instance = c.decode[3] } }
  end)

  it("does nothing when one is not", function()
    local c = engines(0.06, 0.045)
    c:tick()
    expect(c:actions()):equals {}
  end)

  it("stops one when all are far below", function()
    local c = engines(0.03, 0.039)
    c:change(c.decode[1], { inflight = 9 })
    c:tick()
    expect(c:actions()):equals { { action = "remove_instance", instance = c.decode[2] } }
  end)

  it("waits while one starts", function()
    local c = engines(0.06, 0.07, "starting")
    c:tick()
    expect(c:actions()):equals {}
  end)
end)
