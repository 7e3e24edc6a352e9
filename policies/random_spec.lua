-- random: any of the candidates, and each of them sooner or later.

describe("random", function()
  it("takes each of them sooner or later", function()
    local c = cluster { policy = "random.lua", instances = { {}, {}, {} } }
    local counts = { 0, 0, 0 }
    for _ = 1, 300 do
      local place = c:route(c:request { prompt_tokens = 10 }).id
      counts[place] = counts[place] + 1
    end
    for place = 1, 3 do expect(counts[place]):above(50) end
  end)

  it("takes candidates only", function()
    local c = cluster { policy = "random.lua", instances = { {}, {}, {} } }
    expect(c:route(c:request { prompt_tokens = 10 }, { c.instances[2] })):is(c.instances[2])
  end)
end)
