-- virtual_token_counter serves the tenant that had the least. `turn` tells requests apart.

local function prompt(turn, tenant, tokens)
  return { turn = turn, tenant = tenant, prompt_tokens = tokens, context_tokens = tokens,
    remaining_prompt_tokens = tokens }
end

local function engine(waiting, more)
  local description = { max_num_batched_tokens = 100, waiting = waiting }
  for name, value in pairs(more or {}) do description[name] = value end
  return cluster { policy = "virtual_token_counter.lua", instances = { description } }
end

local function turns(c)
  local result = {}
  for i, request in ipairs(c:batch(c.instances[1]).scheduled) do result[i] = request.turn end
  return result
end

describe("virtual_token_counter", function()
  it("does not let one tenant's flood keep another waiting", function()
    local c = engine {
      prompt(1, "large", 20), prompt(2, "large", 20), prompt(3, "large", 20), prompt(4, "large", 20),
      prompt(5, "small", 20), prompt(6, "small", 20),
    }
    expect(turns(c)):equals { 1, 5, 2, 6, 3 }
  end)

  it("weighs prompts by their length", function()
    local c = engine { prompt(1, "a", 60), prompt(2, "b", 10), prompt(3, "b", 10), prompt(4, "a", 10) }
    expect(turns(c)):equals { 1, 2, 3, 4 }
  end)

  it("charges what is generated, twice", function()
    local running = {
      { turn = 9, tenant = "a", prompt_tokens = 10, context_tokens = 40, computed_tokens = 39, generated_tokens = 30,
        remaining_prompt_tokens = 0 },
    }
    local c = engine({ prompt(1, "a", 10), prompt(2, "b", 30), prompt(3, "b", 20), prompt(4, "b", 10) },
      { running = running })
    -- "a" has had 60: "b" catches up with 30 and 20, and 10 more makes them equal.
    expect(turns(c)):equals { 9, 2, 3, 4, 1 }
  end)

  it("lifts a tenant that comes back to the others", function()
    local c = engine { prompt(1, "a", 40), prompt(2, "a", 40), prompt(3, "a", 40) }
    expect(turns(c)):equals { 1, 2, 3 } -- the third is cut to 20
    c:change(c.instances[1], { running = {}, waiting = { prompt(4, "b", 10), prompt(5, "a", 10), prompt(6, "b", 10) } })
    -- "b" was never there: it begins where "a" is, and gets no 120 tokens in advance.
    expect(turns(c)):equals { 4, 5, 6 }
  end)
end)
