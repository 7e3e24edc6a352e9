-- Mixed instances can do both.

local roles = require "roles"

describe("roles", function()
  it("lists who computes prompts and who decodes", function()
    local c = cluster { instances = { { role = "mixed" }, { role = "decode" }, { role = "prefill" } } }
    local function ids(list)
      local result = {}
      for i, instance in ipairs(list) do result[i] = instance.id end
      return result
    end
    expect(ids(roles.prefillers(c))):equals { 3, 1 }
    expect(ids(roles.decoders(c))):equals { 2, 1 }
  end)
end)
