-- saturation rejects with a chance of 300 * saturation^5.

local function share(instances)
  local c = cluster { policy = "saturation.lua", instances = instances }
  local rejected = 0
  for _ = 1, 1000 do
    if c:admit(c:request()) == false then rejected = rejected + 1 end
  end
  return rejected / 1000
end

describe("saturation", function()
  it("admits all when nothing is queued or held", function()
    expect(share { {}, {} }):is(0)
  end)

  it("follows the mean of the worse of queue and memory", function()
    -- Queue 1 / 5 = 0.2 and memory 0.16 / 0.8 = 0.2: 300 * 0.2^5 = 0.096.
    expect(share { { waiting_count = 1, kv_usage = 0.01 }, { kv_usage = 0.16 } }):near(0.096, 0.04)
  end)

  it("rejects all from 0.32 on", function()
    expect(share { { kv_usage = 0.26 } }):is(1)
  end)

  it("lets requests of higher priority in", function()
    local c = cluster { policy = "saturation.lua", instances = { { kv_usage = 1 } } }
    expect(c:admit(c:request { priority = 1 })):is(true)
    expect((c:admit(c:request()))):is(false)
  end)
end)
