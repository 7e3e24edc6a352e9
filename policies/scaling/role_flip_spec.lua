-- role_flip: the emptiest instance goes over to the side with the longer queue.

local function pools(prompts, usage)
  return cluster {
    policy = "role_flip.lua", params = { ratio = 2, full_prompt_tokens = 1000, least = 0.5 },
    instances = {
      { role = "prefill", waiting_prompt_tokens = prompts, inflight = 3 },
      { role = "prefill", waiting_prompt_tokens = prompts, inflight = 1 },
      { role = "decode", kv_usage = usage, inflight = 2 }, { role = "decode", kv_usage = usage, inflight = 5 },
    },
  }
end

describe("role_flip", function()
  it("sends a decode instance to long prompt queues", function()
    local c = pools(1500, 0.5)
    c:tick()
    expect(c:actions()):equals { { action = "set_role", instance = c.decode[1], role = "prefill" } }
  end)

  it("sends a prefill instance to full decode memory", function()
    local c = pools(100, 0.9)
    c:tick()
    expect(c:actions()):equals { { action = "set_role", instance = c.prefill[2], role = "decode" } }
  end)

  it("leaves a balance as it is", function()
    local c = pools(800, 0.6)
    c:tick()
    expect(c:actions()):equals {}
  end)

  it("leaves an idle cluster as it is", function()
    local c = pools(100, 0.01)
    c:tick()
    expect(c:actions()):equals {}
  end)
end)
