-- prefix_aware follows the longest prefix whatever the load, and chance among equals.

describe("prefix_aware", function()
  it("takes the longest prefix, however loaded", function()
    local c = cluster {
      policy = "prefix_aware.lua",
      instances = { { prefix_hit_tokens = 16 }, { prefix_hit_tokens = 32, inflight = 500, waiting_count = 400 } },
    }
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.mixed[2])
  end)

  it("takes any of equals", function()
    local c = cluster {
      policy = "prefix_aware.lua",
      instances = { { prefix_hit_tokens = 16 }, { prefix_hit_tokens = 16 }, { prefix_hit_tokens = 0 } },
    }
    local seen = { 0, 0, 0 }
    for _ = 1, 200 do
      local id = c:route(c:request { prompt_tokens = 100 }).id
      seen[id] = seen[id] + 1
    end
    expect(seen[1]):above(60)
    expect(seen[2]):above(60)
    expect(seen[3]):is(0)
  end)
end)
