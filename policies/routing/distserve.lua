-- DistServe (https://arxiv.org/abs/2401.09670): prompts to the shortest queue, and decoding that pulls.
--
-- A decode instance takes a prompt's KV cache only when little waits for it already and there is memory for all of it;
-- else the cache stays where it was computed. So a burst is held back in the memory of the prefill instances, and the
-- decode instances are never flooded. Rule and threshold are those of its `DecodingStageFCFSScheduler`
-- (https://github.com/LLMServe/DistServe); queues are compared as in its simulator.
--
-- Simplified: its decode instances swap out the newest request when memory is full; here it is preempted and
-- recomputed.

local least = require "least"

local function requests(instance)
  return instance.waiting_count + instance.running_count
end

-- Tokens that have come, or are coming, and do not run yet.
local function waiting_tokens(instance)
  local tokens = instance.kv_reserved_tokens
  for _, request in ipairs(instance.waiting) do tokens = tokens + request.context_tokens end
  return tokens
end

local function accepts(instance, request, share)
  return waiting_tokens(instance) < share * instance.kv_capacity_tokens
    and request.context_tokens <= instance.kv_free_tokens
end

---@type simhost.Policy
return {
  api = 1,
  name = "distserve",
  version = "1.0.0",
  description = "DistServe: shortest queue, and decode instances that pull when they have room.",
  params = {
    waiting_share = {
      type = "number", default = 0.05, min = 0.0001, max = 1,
      help = "fraction of KV memory that may wait at a decode instance",
    },
  },

  route = function(_, candidates)
    return (least.first(candidates, requests))
  end,

  route_decode = function(request, candidates, cluster)
    local ready = {}
    for i = 1, #candidates do
      if accepts(candidates[i], request, cluster.params.waiting_share) then ready[#ready + 1] = candidates[i] end
    end
    return (least.first(ready, requests)) -- nil when nobody is ready: it waits, its KV where it is
  end,
}
