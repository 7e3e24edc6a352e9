-- round_robin: instances in turn, each stage with a turn of its own.

describe("round_robin", function()
  it("takes instances in turn", function()
    local c = cluster { policy = "round_robin.lua", instances = { {}, { waiting_count = 9 }, {} } }
    for _, place in ipairs { 1, 2, 3, 1 } do
      expect(c:route(c:request { prompt_tokens = 10 })):is(c.instances[place])
    end
  end)

  it("keeps a turn for each stage", function()
    local c = cluster {
      policy = "round_robin.lua",
      instances = { { role = "prefill" }, { role = "prefill" }, { role = "decode" }, { role = "decode" } },
    }
    expect(c:route(c:request { prompt_tokens = 10 })):is(c.prefill[1])
    expect(c:route_decode(c:request { prompt_tokens = 10, stage = "decode" })):is(c.decode[1])
    expect(c:route(c:request { prompt_tokens = 10 })):is(c.prefill[2])
  end)
end)
