-- A ledger counts what was sent until its first token and its end.

local ledger = require "ledger"

local function pair()
  return cluster {
    instances = { { role = "prefill", prefix_hit_tokens = 30 }, { role = "decode" }, { role = "mixed" } },
  }
end

describe("ledger", function()
  it("counts uncached prompt tokens until the first token", function()
    local c, sent = pair(), ledger.new()
    local request = c:request { prompt_tokens = 100 }
    sent:send(request, c.instances[1])
    expect(sent:tokens(c.instances[1])):is(70)
    expect(sent:active(c.instances[1])):is(1)
    sent:first_token(request)
    expect(sent:tokens(c.instances[1])):is(0)
    expect(sent:active(c.instances[1])):is(0)
  end)

  it("keeps a request on a mixed instance until it is finished", function()
    local c, sent = pair(), ledger.new()
    local request = c:request { prompt_tokens = 100 }
    sent:send(request, c.instances[3])
    sent:first_token(request)
    expect(sent:active(c.instances[3])):is(1)
    sent:finish(request)
    expect(sent:active(c.instances[3])):is(0)
  end)

  it("follows a request to where it decodes", function()
    local c, sent = pair(), ledger.new()
    local planned, unplanned = c:request { prompt_tokens = 10 }, c:request { prompt_tokens = 10 }
    sent:send(planned, c.instances[1], c.instances[2])
    sent:send(unplanned, c.instances[1])
    expect(sent:active(c.instances[2])):is(1)
    for _, request in ipairs { planned, unplanned } do
      sent:first_token(request)
      sent:moved(request, c.instances[2])
    end
    expect(sent:active(c.instances[2])):is(2)
    sent:finish(planned)
    sent:finish(unplanned)
    for i = 1, 3 do expect(sent:active(c.instances[i])):is(0) end
  end)

  it("counts a first token once", function()
    local c, sent = pair(), ledger.new()
    local request = c:request { prompt_tokens = 100 }
    sent:send(request, c.instances[1])
    sent:first_token(request)
    sent:first_token(request)
    sent:finish(request)
    sent:finish(request)
    expect(sent:tokens(c.instances[1])):is(0)
    expect(sent:active(c.instances[1])):is(0)
  end)
end)
