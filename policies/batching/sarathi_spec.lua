-- sarathi fills a budget of tokens: decodes, prompts under way, new prompts. Blocks are of 16 tokens. `turn` tells the
-- requests apart.

local function decoding(id, context)
  return { turn = id, prompt_tokens = context, context_tokens = context, computed_tokens = context - 1,
    remaining_prompt_tokens = 0 }
end

local function prompt(id, tokens, left)
  return { turn = id, prompt_tokens = tokens, context_tokens = tokens, remaining_prompt_tokens = left or tokens,
    computed_tokens = tokens - (left or tokens) }
end

local function ids(list)
  local result = {}
  for i, request in ipairs(list) do result[i] = request.turn end
  return result
end

local function step(instance)
  local c = cluster { policy = "sarathi.lua", params = { token_budget = 100 }, instances = { instance } }
  local made = c:batch(c.instances[1])
  return { ids = ids(made.scheduled), tokens = made.tokens }
end

describe("sarathi", function()
  it("takes decodes, then chunks, then new prompts", function()
    expect(step {
      max_num_batched_tokens = 2048,
      running = { decoding(1, 20), prompt(2, 90, 60), decoding(3, 20) }, waiting = { prompt(4, 500) },
    }):equals { ids = { 1, 3, 2, 4 }, tokens = { 1, 1, 60, 38 } }
  end)

  it("keeps decodes whatever the budget", function()
    local running = {}
    for i = 1, 120 do running[i] = decoding(i, 20) end
    local made = step { max_num_batched_tokens = 2048, running = running, waiting = { prompt(200, 5) } }
    expect(#made.ids):is(120)
  end)
end)
