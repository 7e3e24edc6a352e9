-- least_kv takes the emptiest instance, and a full one only when all are full.

local function with_usage(...)
  local instances = {}
  for i, usage in ipairs { ... } do instances[i] = { role = "prefill", kv_usage = usage } end
  return cluster { policy = "least_kv.lua", params = { headroom = 0.1 }, instances = instances }
end

describe("least_kv", function()
  it("takes the emptiest", function()
    local c = with_usage(0.5, 0.2, 0.7)
    expect(c:route(c:request { prompt_tokens = 100 })):is(c.prefill[2])
  end)

  it("puts instances without headroom last", function()
    local c = with_usage(0.95, 0.89)
    c:change(c.prefill[2], { inflight = 5 })
    expect(c:route(c:request())):is(c.prefill[2])
  end)

  it("sends work where there is least of it when all are full", function()
    local c = with_usage(0.92, 0.95)
    c:change(c.prefill[1], { inflight = 5 })
    expect(c:route(c:request())):is(c.prefill[2])
  end)

  it("takes the less loaded of equally full ones", function()
    local c = with_usage(0, 0)
    local first = c:request { prompt_tokens = 10 }
    expect(c:route(first)):is(c.prefill[1])
    c:place(first, c.prefill[1])
    expect(c:route(c:request())):is(c.prefill[2])
  end)
end)
