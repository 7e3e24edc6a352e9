-- Lets prompt tokens in at a steady rate, with room for a burst.
--
-- The bucket fills with `rate` tokens a second up to `burst`. A request takes as many as its prompt is long; when too
-- few are there it waits until they would be, and when that is longer than `max_wait_s`, it is rejected.

local level, filled_at -- tokens in the bucket, and when that was computed

---@type simhost.Policy
return {
  api = 1,
  name = "token_bucket",
  version = "1.0.0",
  description = "Admit prompt tokens at a steady rate.",
  params = {
    rate = { type = "number", default = 20000, min = 1, help = "prompt tokens per second" },
    burst = { type = "number", default = 40000, min = 1, help = "most tokens that may be saved up" },
    max_wait_s = { type = "number", default = 5, min = 0, help = "a request that would wait longer is rejected" },
  },

  init = function(cluster, params)
    level, filled_at = params.burst, cluster.now_s
  end,

  admit = function(request, cluster)
    local params = cluster.params
    level = math.min(params.burst, level + (cluster.now_s - filled_at) * params.rate)
    filled_at = cluster.now_s

    -- A prompt longer than the bucket would never fit: it takes a full bucket.
    local need = math.min(request.prompt_tokens, params.burst)
    if level >= need then
      level = level - need
      return true
    end
    local wait = (need - level) / params.rate
    if request.waited_s + wait > params.max_wait_s then return false, "rate limit" end
    -- A millisecond more, so that rounding cannot leave the bucket a hair too empty.
    return "defer", wait + 0.001
  end,
}
