-- Llumnix's rescheduling (OSDI 2024, https://www.usenix.org/conference/osdi24/presentation/sun-biao, section 4.4):
-- evens out memory by moving requests that decode.
--
-- Freeness is the KV memory that would be left once all that is queued has its share, for each request of the batch:
-- how many more iterations the batch could run before memory is full. At each tick the instances less free than `low`
-- are paired with those freer than `high`, the least free with the freest. Each pair moves one request at a time: of
-- the lowest priority, and among those the one with the shortest context, which costs least. An instance that drains is
-- less free than any other, so it is empty sooner.
--
-- Simplified: Llumnix goes on with a pair until it is even; here pairs are made anew at each tick. The bounds are
-- guesses. Where requests begin is another file's affair:
--   --policy policies/routing/llumnix.lua --policy policies/scaling/llumnix_migrate.lua

local function freeness(instance)
  if instance.state == "draining" then return -math.huge end
  local requests = instance.running_count + instance.waiting_count
  if requests == 0 then return math.huge end
  return (instance.kv_free_tokens - instance.waiting_prompt_tokens) / requests
end

-- The request that is easiest to move.
local function pick(instance)
  local best
  for _, request in ipairs(instance.running) do
    if request.remaining_prompt_tokens == 0 and not request.migrating_to then
      local is_better = not best or request.priority < best.priority
        or request.priority == best.priority and request.context_tokens < best.context_tokens
      if is_better then best = request end
    end
  end
  return best
end

---@type simhost.Policy
return {
  api = 1,
  name = "llumnix_migrate",
  version = "1.0.0",
  description = "Llumnix's rescheduling: requests move from instances short of KV memory to those that have some.",
  tick_interval_s = 0.1,
  params = {
    low = { type = "number", default = 100, help = "freeness below which an instance gives requests away" },
    high = { type = "number", default = 300, help = "freeness above which it takes some" },
  },

  tick = function(cluster)
    local params, free = cluster.params, {}
    local sources, targets = {}, {}
    for _, instance in ipairs(cluster.instances) do
      local value, decodes = freeness(instance), instance.role ~= "prefill"
      free[instance.id] = value
      if decodes and value < params.low and instance.transfers_out == 0 then
        sources[#sources + 1] = instance
      elseif decodes and value > params.high and instance.state == "up" and instance.transfers_in == 0 then
        targets[#targets + 1] = instance
      end
    end
    table.sort(sources, function(a, b) return free[a.id] < free[b.id] end)
    table.sort(targets, function(a, b) return free[a.id] > free[b.id] end)
    for place = 1, math.min(#sources, #targets) do
      local request = pick(sources[place])
      if request then cluster:migrate(request, targets[place]) end
    end
  end,
}
