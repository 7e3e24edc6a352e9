-- orca admits whole prompts, and only with memory for the longest output. `turn` tells the requests apart.

local function prompt(id, tokens)
  return { turn = id, prompt_tokens = tokens, context_tokens = tokens, remaining_prompt_tokens = tokens }
end

local function step(instance, params)
  instance.max_num_batched_tokens = 100
  local c = cluster { policy = "orca.lua", params = params, instances = { instance } }
  local made = c:batch(c.instances[1])
  local result = {}
  for i, request in ipairs(made.scheduled) do result[i] = request.turn .. ":" .. made.tokens[i] end
  return result
end

describe("orca", function()
  it("takes prompts whole", function()
    expect(step { waiting = { prompt(1, 60), prompt(2, 50), prompt(3, 10) } }):equals { "1:60" }
    -- 2 would be cut, and nobody overtakes it.
  end)

  it("cuts only what no iteration could hold", function()
    expect(step { waiting = { prompt(1, 250) } }):equals { "1:100" }
  end)

  it("bounds the batch", function()
    expect(step({ waiting = { prompt(1, 10), prompt(2, 10), prompt(3, 10) } }, { batch_size = 2 }))
      :equals { "1:10", "2:10" }
  end)

  it("reserves memory for the longest output", function()
    -- 20 + 40 tokens each: two fit into 128, the third does not.
    expect(step({ kv_capacity_tokens = 128, waiting = { prompt(1, 20), prompt(2, 20), prompt(3, 20) } },
      { max_output = 40 })):equals { "1:20", "2:20" }
  end)

  it("counts what running requests may still need", function()
    local running = {
      { turn = 9, prompt_tokens = 20, context_tokens = 30, generated_tokens = 10, computed_tokens = 29,
        remaining_prompt_tokens = 0 },
    }
    -- 30 more for it, 60 for the next: within 128 - 32 free.
    expect(step({ kv_capacity_tokens = 128, kv_used_tokens = 32, running = running, waiting = { prompt(1, 20) } },
      { max_output = 40 })):equals { "9:1", "1:20" }
  end)
end)
