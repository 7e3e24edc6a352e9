-- Llumnix's dispatching (https://www.usenix.org/conference/osdi24/presentation/sun-biao): to the freest instance.
--
-- Freeness is the KV memory that would be left once all that is queued has its share, for each request of the batch:
-- how many more iterations the batch could run before memory is full. It falls below zero when the queue holds more
-- than fits. An instance with nothing to do is free without bound.
--
-- Llumnix moves requests between instances later: scaling/llumnix_migrate.lua, beside this one.

local least = require "least"

local function freeness(instance)
  local requests = instance.running_count + instance.waiting_count + instance.transfers_in
  if requests == 0 then return math.huge end
  return (instance.kv_free_tokens - instance.waiting_prompt_tokens) / requests
end

---@type simhost.Policy
return {
  api = 1,
  name = "llumnix",
  version = "1.0.0",
  description = "Llumnix's freeness: KV memory left for each request of the batch.",

  -- Asked for decoding too.
  route = function(_, candidates)
    return (least.any(candidates, function(c) return -freeness(c) end))
  end,
}
