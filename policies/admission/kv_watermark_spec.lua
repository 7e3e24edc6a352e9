-- kv_watermark rejects above `high`, and until the caches are below `low` again.

local function gate(instances)
  return cluster { policy = "kv_watermark.lua", params = { high = 0.9, low = 0.5 }, instances = instances }
end

local function admits(c) return (c:admit(c:request())) end

describe("kv_watermark", function()
  it("admits while there is room", function()
    expect(admits(gate { { role = "decode", kv_usage = 0.9 } })):is(true)
  end)

  it("closes above the high mark, and opens below the low one only", function()
    local c = gate { { role = "decode", kv_usage = 0.95 } }
    local admitted, reason = c:admit(c:request())
    expect(admitted):is(false)
    expect(reason):is("KV cache nearly full")
    c:change(c.decode[1], { kv_usage = 0.5 })
    expect(admits(c)):is(false)
    c:change(c.decode[1], { kv_usage = 0.45 })
    expect(admits(c)):is(true)
    c:change(c.decode[1], { kv_usage = 0.89 })
    expect(admits(c)):is(true)
  end)

  it("looks at the mean of the instances that decode", function()
    local prefill = { role = "prefill", kv_usage = 1 }
    local c = gate { prefill, { role = "decode", kv_usage = 1 }, { role = "decode", kv_usage = 0.7 } }
    expect(admits(c)):is(true)
    c:change(c.decode[2], { kv_usage = 0.9 })
    expect(admits(c)):is(false)
  end)

  it("looks at all instances where none only decodes", function()
    expect(admits(gate { { kv_usage = 1 }, { kv_usage = 0.9 } })):is(false)
  end)
end)
