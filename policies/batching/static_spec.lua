-- static forms a batch, computes its prompts, then decodes until all are done. `turn` tells the requests apart.

local function prompt(id, tokens)
  return { turn = id, prompt_tokens = tokens, context_tokens = tokens, remaining_prompt_tokens = tokens }
end

local function decoding(id)
  return { turn = id, prompt_tokens = 20, context_tokens = 21, generated_tokens = 1, computed_tokens = 20,
    remaining_prompt_tokens = 0 }
end

local function ids(made)
  local result = {}
  for i, request in ipairs(made.scheduled) do result[i] = request.turn end
  return result
end

local function engine(description)
  description.max_num_batched_tokens = 100
  return cluster { policy = "static.lua", params = { batch_size = 3 }, instances = { description } }
end

describe("static", function()
  it("takes a batch's worth of prompts", function()
    local c = engine { waiting = { prompt(1, 10), prompt(2, 10), prompt(3, 10), prompt(4, 10) } }
    expect(ids(c:batch(c.instances[1]))):equals { 1, 2, 3 }
  end)

  it("goes on filling the batch before its first decode, and admits nobody after", function()
    local c = engine { waiting = { prompt(1, 90), prompt(2, 90) } }
    expect(ids(c:batch(c.instances[1]))):equals { 1, 2 }
    c:change(c.instances[1], { running = { decoding(1), prompt(2, 80) }, waiting = { prompt(3, 10), prompt(4, 10) } })
    expect(ids(c:batch(c.instances[1]))):equals { 2, 3 } -- three are in it now
    c:change(c.instances[1], { running = { decoding(1), decoding(2), decoding(3) }, waiting = { prompt(4, 10) } })
    expect(ids(c:batch(c.instances[1]))):equals { 1, 2, 3 }
    c:change(c.instances[1], { running = { decoding(3) }, waiting = { prompt(4, 10) } })
    expect(ids(c:batch(c.instances[1]))):equals { 3 }
    c:change(c.instances[1], { running = {}, waiting = { prompt(4, 10) } })
    expect(ids(c:batch(c.instances[1]))):equals { 4 }
  end)
end)
