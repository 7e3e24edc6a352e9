-- sglang_cache_aware: balance first, then the match, then the smallest tree.

local function router(instances, params)
  return cluster { policy = "sglang_cache_aware.lua", params = params, instances = instances }
end

-- A prompt whose first `shared` tokens are those of all prompts with this name.
local function prompt(name, shared, total)
  local content = {}
  for i = 1, total do content[i] = i <= shared and 1000 * name + i or math.random(1000000, 2000000) end
  return { prompt_tokens = total, content = content }
end

describe("sglang_cache_aware", function()
  it("follows a long enough match", function()
    local c = router { {}, {} }
    local one = c:route(c:request(prompt(1, 40, 40)))
    expect(c:route(c:request(prompt(2, 30, 30)))):is_not(one) -- a new prefix: the smaller tree
    expect(c:route(c:request(prompt(1, 40, 100)))):is(one) -- 40 of 100, though its tree is larger
    expect(c:route(c:request(prompt(1, 20, 100)))):is_not(one) -- 20 of 100 are not enough
  end)

  it("takes the least loaded when both bounds are passed", function()
    local c = router({ {}, {} }, { balance_abs = 10 })
    local one = c:route(c:request(prompt(1, 90, 100)))
    local other = one == c.mixed[1] and c.mixed[2] or c.mixed[1]
    c:change(one, { inflight = 13 })
    c:change(other, { inflight = 3 })
    expect(c:route(c:request(prompt(1, 90, 100)))):is(one) -- 10 more: not over the bound
    c:change(one, { inflight = 14 })
    expect(c:route(c:request(prompt(3, 90, 100)))):is(other)
    c:change(one, { inflight = 60 })
    c:change(other, { inflight = 45 }) -- 15 more, but not 1.5 times as many
    expect(c:route(c:request(prompt(1, 90, 100)))):is(one)
  end)

  it("sends a new prefix to the smallest tree", function()
    local c = router { {}, {} }
    local one = c:route(c:request { prompt_tokens = 500 })
    local other = c:route(c:request { prompt_tokens = 100 })
    expect(other):is_not(one)
    expect(c:route(c:request { prompt_tokens = 300 })):is(other) -- 100 against 500
    expect(c:route(c:request { prompt_tokens = 200 })):is(other) -- 400 against 500
    expect(c:route(c:request { prompt_tokens = 200 })):is(one) -- 600 against 500
  end)

  it("forgets prompts beyond the size of a tree", function()
    local c = router({ {} }, { max_tree_tokens = 100 })
    for name = 1, 3 do c:route(c:request(prompt(name, 60, 60))) end
    local tree = c.state.tree
    expect(tree:size(1) <= 100):is(true)
    expect(tree:match_of(1, prompt(3, 60, 60).content)):is(60)
    expect(tree:match_of(1, prompt(1, 60, 60).content)):is(0)
  end)

  it("decodes at the least loaded", function()
    local c = router { { role = "prefill" }, { role = "decode", inflight = 2 }, { role = "decode", inflight = 1 } }
    expect(c:route_decode(c:request())):is(c.decode[2])
  end)
end)
