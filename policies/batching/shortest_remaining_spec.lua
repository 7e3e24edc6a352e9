-- shortest_remaining orders by predicted work: a prompt token is worth 0.05 output tokens here. `turn` tells the
-- requests apart.

local function prompt(id, tokens, predicted, more)
  local request = { turn = id, prompt_tokens = tokens, context_tokens = tokens, remaining_prompt_tokens = tokens,
    predicted_output_tokens = predicted }
  for name, value in pairs(more or {}) do request[name] = value end
  return request
end

local function decoding(id, generated, predicted)
  return { turn = id, prompt_tokens = 16, context_tokens = 16 + generated, generated_tokens = generated,
    computed_tokens = 15 + generated, remaining_prompt_tokens = 0, predicted_output_tokens = predicted }
end

local function ids(list)
  local result = {}
  for i, request in ipairs(list) do result[i] = request.turn end
  return result
end

local function step(instance, params, now)
  params = params or {}
  params.prefill_cost = 0.05
  local c = cluster { policy = "shortest_remaining.lua", params = params, instances = { instance }, now_s = now or 0 }
  return c:batch(c.instances[1])
end

describe("shortest_remaining", function()
  it("takes the least predicted work first", function()
    local made = step {
      max_num_batched_tokens = 1000,
      waiting = { prompt(1, 400, 90), prompt(2, 200, 50), prompt(3, 800, 10) }, -- 110, 60 and 50
    }
    expect(ids(made.scheduled)):equals { 3, 2 }
    expect(made.tokens):equals { 800, 200 }
  end)

  it("counts what was generated", function()
    local made = step {
      max_num_batched_tokens = 100,
      running = { decoding(1, 10, 100), decoding(2, 90, 100) }, waiting = { prompt(3, 40, 50) }, -- 90, 10, 52
    }
    expect(ids(made.scheduled)):equals { 2, 3, 1 }
  end)

  it("takes memory from the one with the most left", function()
    -- No block is free, and the second needs one for its next token.
    local made = step {
      max_num_batched_tokens = 100, kv_capacity_tokens = 48, kv_used_tokens = 48,
      running = { decoding(1, 3, 500), decoding(2, 1, 20) }, waiting = {},
    }
    expect(ids(made.scheduled)):equals { 2 }
    expect(ids(made.preempted)):equals { 1 }
  end)

  it("does not take memory from those with less left", function()
    local made = step {
      max_num_batched_tokens = 100, kv_capacity_tokens = 32, kv_used_tokens = 32,
      running = { decoding(1, 14, 20) }, waiting = { prompt(2, 20, 500) },
    }
    expect(ids(made.scheduled)):equals { 1 }
    expect(ids(made.preempted)):equals {}
  end)

  it("lets those that waited long overtake", function()
    local made = step({
      max_num_batched_tokens = 100,
      waiting = { prompt(1, 100, 10, { arrival_s = 9 }), prompt(2, 100, 50, { arrival_s = 0 }) },
    }, { aging = 10 }, 10) -- 15 - 10 against 55 - 100
    expect(ids(made.scheduled)):equals { 2 }
  end)
end)
