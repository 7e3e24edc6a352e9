-- Running batches go on, and somebody leaves when memory is short: seen through batching/sarathi.lua, which does just
-- that. Blocks are of 16 tokens; `turn` tells requests apart.

local function decoding(turn, context)
  return { turn = turn, prompt_tokens = context, context_tokens = context, computed_tokens = context - 1,
    remaining_prompt_tokens = 0 }
end

local function prompt(turn, tokens, left)
  return { turn = turn, prompt_tokens = tokens, context_tokens = tokens, remaining_prompt_tokens = left,
    computed_tokens = tokens - left }
end

local function turns(list)
  local result = {}
  for i, request in ipairs(list) do result[i] = request.turn end
  return result
end

local function step(running, waiting, capacity)
  local c = cluster {
    policy = "../batching/sarathi.lua",
    instances = {
      { kv_capacity_tokens = capacity, kv_used_tokens = capacity, running = running, waiting = waiting },
    },
  }
  local made = c:batch(c.instances[1])
  return { scheduled = turns(made.scheduled), preempted = turns(made.preempted) }
end

describe("running", function()
  it("takes memory from the request admitted last, and admits nobody then", function()
    expect(step({ decoding(1, 17), decoding(2, 17), decoding(3, 33) }, { prompt(4, 8, 8) }, 64))
      :equals { scheduled = { 1, 2 }, preempted = { 3 } }
  end)

  it("has the last request leave itself when nobody is behind it", function()
    expect(step({ decoding(1, 18), decoding(2, 17) }, {}, 32)):equals { scheduled = { 1 }, preempted = { 2 } }
  end)

  it("lets a prompt wait for memory while others go on", function()
    expect(step({ decoding(1, 18), prompt(2, 60, 28) }, {}, 64)):equals { scheduled = { 1 }, preempted = {} }
  end)

  it("lets a prompt make others leave when nothing else goes on", function()
    expect(step({ prompt(1, 60, 28), prompt(2, 60, 28) }, {}, 64)):equals { scheduled = { 1 }, preempted = { 2 } }
  end)
end)
