-- Turns requests away while the KV caches of the instances that would decode them are nearly full.
--
-- Two watermarks keep it from flickering: rejecting starts above `high` and ends below `low`. What counts is the mean
-- fullness of the instances that decode; on a cluster without a split those are all of them.

local closed = false

local function mean_usage(instances)
  local sum = 0
  for i = 1, #instances do sum = sum + instances[i].kv_usage end
  return sum / math.max(#instances, 1)
end

---@type simhost.Policy
return {
  api = 1,
  name = "kv_watermark",
  version = "1.0.0",
  description = "Reject while KV caches are nearly full.",
  params = {
    high = { type = "number", default = 0.95, min = 0, max = 1, help = "mean KV usage above which to reject" },
    low = { type = "number", default = 0.85, min = 0, max = 1, help = "mean KV usage below which to admit again" },
  },

  admit = function(_, cluster)
    local decoders = cluster.decode
    if #decoders == 0 then decoders = cluster.mixed end
    local usage = mean_usage(decoders)
    if usage > cluster.params.high then
      closed = true
    elseif usage < cluster.params.low then
      closed = false
    end
    if closed then return false, "KV cache nearly full" end
    return true
  end,
}
