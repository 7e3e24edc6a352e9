-- vllm: running requests first, then waiting ones in order; the last admitted is preempted. `turn` tells them apart.

local function prompt(id, tokens)
  return { turn = id, prompt_tokens = tokens, context_tokens = tokens, remaining_prompt_tokens = tokens }
end

local function decoding(id, context)
  return { turn = id, prompt_tokens = context - 1, context_tokens = context, generated_tokens = 1,
    computed_tokens = context - 1, remaining_prompt_tokens = 0 }
end

local function step(instance, params)
  instance.max_num_batched_tokens = instance.max_num_batched_tokens or 100
  local c = cluster { policy = "vllm.lua", params = params, instances = { instance } }
  local made = c:batch(c.instances[1])
  local result = {}
  for i, request in ipairs(made.scheduled) do result[i] = request.turn .. ":" .. made.tokens[i] end
  for _, request in ipairs(made.preempted) do result[#result + 1] = "preempted " .. request.turn end
  return result
end

describe("vllm", function()
  it("decodes first, and fills the budget with prompts", function()
    expect(step { running = { decoding(1, 20), prompt(2, 60) }, waiting = { prompt(3, 60), prompt(4, 60) } })
      :equals { "1:1", "2:60", "3:39" }
  end)

  it("cuts prompts to the threshold", function()
    expect(step({ waiting = { prompt(1, 60), prompt(2, 60) } }, { chunk_tokens = 20 })):equals { "1:20", "2:20" }
  end)

  it("lets nobody overtake a prompt that has no room", function()
    expect(step { kv_capacity_tokens = 64, waiting = { prompt(1, 80), prompt(2, 16) } }):equals {}
  end)

  it("may admit a prompt for which there is not all the room", function()
    expect(step({ kv_capacity_tokens = 64, max_num_batched_tokens = 32, waiting = { prompt(1, 80) } },
      { reserve_full_isl = false })):equals { "1:32" }
  end)

  it("preempts the last admitted where blocks run out, and then admits nobody", function()
    -- Three blocks of 16 are held by two requests; the first needs another, and there is none.
    expect(step {
      kv_capacity_tokens = 48, kv_used_tokens = 48, running = { decoding(1, 33), decoding(2, 10) },
      waiting = { prompt(3, 10) },
    }):equals { "1:1", "preempted 2" }
  end)
end)
