-- The `session` router of vLLM's production stack (https://github.com/vllm-project/production-stack,
-- src/vllm_router/routers/routing_logic.py): a session stays on one instance, found by consistent hashing of its name.
--
-- Requests without a session go to the instance with the fewest requests per second of late. A session keeps its cache
-- without anybody looking at caches; its load is what chance makes it.

local hash_ring = require "hash_ring"
local least = require "least"
local window = require "window"

local ring
local rates = {} -- by instance: requests sent of late

local function rate(instance, cluster)
  return rates[instance.id] and rates[instance.id]:sum(cluster.now_s) or 0
end

---@type simhost.Policy
return {
  api = 1,
  name = "session_affinity",
  version = "1.0.0",
  description = "Sessions stay where a hash puts them; others go where the fewest went of late.",
  params = {
    window_s = { type = "number", default = 60, min = 0.001, help = "seconds over which rates are measured" },
    points = { type = "integer", default = 100, min = 1, max = 10000, help = "places of an instance on the ring" },
  },

  init = function(cluster, params)
    local names = {}
    for i, instance in ipairs(cluster.instances) do names[i] = instance.name end
    ring = hash_ring.new(names, params.points)
  end,

  route = function(request, candidates, cluster)
    local chosen
    if request.session_id then
      local by_name = {}
      for _, c in ipairs(candidates) do by_name[c.name] = c end
      local name = ring:find(request.session_id, function(name) return by_name[name] ~= nil end)
      chosen = name and by_name[name]
    else
      chosen = least.first(candidates, function(c) return rate(c, cluster) end)
    end
    if not chosen then return nil end
    rates[chosen.id] = rates[chosen.id] or window.new(cluster.params.window_s)
    rates[chosen.id]:add(cluster.now_s, 1)
    return chosen
  end,
}
