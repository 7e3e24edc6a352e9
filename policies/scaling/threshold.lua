-- Scaling by a threshold on queued requests, as KEDA does on vllm:num_requests_waiting of vLLM's production stack
-- (https://docs.vllm.ai/projects/production-stack): one instance more of a role while its instances have more queued
-- requests each than `high`, one less when they have had at most `low` for some ticks in a row.
--
-- Simplified: one step a tick, and no second while the first is under way; the metric is exact. Instances to start are
-- those of the cluster file with "standby", and those that were stopped.
-- Change `high`, `low` and `patience`, or what `queued` counts.

local roles = { "prefill", "decode", "mixed" }

local function of(cluster, role)
  local up, off, moving = {}, {}, 0
  for _, instance in ipairs(cluster[role]) do
    if instance.state == "up" then
      up[#up + 1] = instance
    elseif instance.state == "off" then
      off[#off + 1] = instance
    elseif instance.state ~= "down" then
      moving = moving + 1
    end
  end
  return up, off, moving
end

---@type simhost.Policy
return {
  api = 1,
  name = "threshold",
  version = "1.0.0",
  description = "Start an instance when queues are long, stop one when they have been short for a while.",
  tick_interval_s = 1,
  params = {
    high = { type = "number", default = 5, min = 0, help = "queued requests of each instance that start another" },
    low = { type = "number", default = 0, min = 0, help = "queued requests of each instance that may stop one" },
    patience = { type = "integer", default = 10, min = 1, help = "ticks in a row at or below low" },
  },

  init = function() return { calm = { prefill = 0, decode = 0, mixed = 0 } } end,

  tick = function(cluster)
    local params, calm = cluster.params, cluster.state.calm
    for _, role in ipairs(roles) do
      local up, off, moving = of(cluster, role)
      local queued = 0
      for _, instance in ipairs(up) do queued = queued + instance.waiting_count end
      local each = queued / math.max(1, #up)
      calm[role] = each <= params.low and calm[role] + 1 or 0
      if moving > 0 then
        calm[role] = 0
      elseif each > params.high and #off > 0 then
        cluster:add_instance(off[1])
      elseif calm[role] >= params.patience and #up > 1 then
        cluster:remove_instance(cluster:argmin(up, "inflight"))
        calm[role] = 0
      end
    end
  end,
}
