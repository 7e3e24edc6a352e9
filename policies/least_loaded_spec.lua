-- least_loaded: the least of 4 * waiting + running; the first of equals.

local function chosen(instances, params)
  local c = cluster { policy = "least_loaded.lua", params = params, instances = instances }
  return c:route(c:request { prompt_tokens = 10 }).id
end

describe("least_loaded", function()
  it("counts a waiting request like four running ones", function()
    expect(chosen { { waiting_count = 1 }, { running_count = 3 } }):is(2)
  end)

  it("and no more than that", function()
    expect(chosen { { waiting_count = 1 }, { running_count = 5 } }):is(1)
  end)

  it("takes the first of equals", function()
    expect(chosen { { running_count = 4 }, { waiting_count = 1 }, { running_count = 4 } }):is(1)
  end)

  it("weighs as it is told", function()
    expect(chosen({ { waiting_count = 1 }, { running_count = 3 } }, { waiting_weight = 1 })):is(1)
  end)
end)
