-- llumnix takes the instance with the most KV memory left for each request of its batch.

describe("llumnix", function()
  it("divides what is left by the requests that share it", function()
    local c = cluster {
      policy = "llumnix.lua",
      instances = {
        { kv_capacity_tokens = 1000, kv_used_tokens = 400, running_count = 6 }, -- 100 each
        { kv_capacity_tokens = 1000, kv_used_tokens = 700, running_count = 2 }, -- 150 each
      },
    }
    expect(c:route(c:request { prompt_tokens = 10 })):is(c.mixed[2])
    c:change(c.mixed[2], { waiting_count = 1, waiting_prompt_tokens = 30 }) -- 90 each
    expect(c:route(c:request { prompt_tokens = 10 })):is(c.mixed[1])
  end)

  it("holds an idle instance for free without bound", function()
    local c = cluster {
      policy = "llumnix.lua",
      instances = { { running_count = 1 }, { kv_capacity_tokens = 500 } },
    }
    expect(c:route(c:request { prompt_tokens = 10 })):is(c.mixed[2])
  end)

  it("prefers a small debt to a large one", function()
    local c = cluster {
      policy = "llumnix.lua",
      instances = {
        { kv_capacity_tokens = 1000, running_count = 1, waiting_count = 3, waiting_prompt_tokens = 5000 },
        { kv_capacity_tokens = 1000, running_count = 1, waiting_count = 3, waiting_prompt_tokens = 3000 },
      },
    }
    expect(c:route(c:request { prompt_tokens = 10 })):is(c.mixed[2])
  end)
end)
