-- Mooncake's Conductor: Algorithm 1 of the FAST 2025 paper (https://www.usenix.org/conference/fast25/presentation/qin).
--
-- A prompt goes where its first token is expected soonest: the queue there, and the part of the prompt that its cache
-- does not hold. Decoding goes where the time between tokens is expected to be shortest. When even the best pair would
-- miss a target, the request is rejected on arrival.
--
-- Simplified: caches are not fetched from, or copied to, other prefill instances, so a prefix counts only where it is;
-- the estimates are the engine's own in place of a fitted polynomial.
--
-- To change it: leave out the cached part and it balances load; leave out the queue and it follows caches blindly.

local least = require "least"
local roles = require "roles"

local function first_token_s(instance, request)
  return instance:estimate_prefill_s(request)
end

-- Time of an iteration with this request in it too.
local function between_tokens_s(instance, request)
  return instance:estimate_step_s {
    decode_seqs = instance.running_count + instance.waiting_count + instance.transfers_in + 1,
    context_tokens = instance.kv_used_tokens + instance.kv_reserved_tokens + request.context_tokens,
  }
end

-- Those with memory for it, or all when none has.
local function with_room(candidates, request)
  local list = {}
  for i = 1, #candidates do
    if candidates[i].kv_free_tokens >= request.context_tokens then list[#list + 1] = candidates[i] end
  end
  return #list > 0 and list or candidates
end

---@type simhost.Policy
return {
  api = 1,
  name = "mooncake_conductor",
  version = "1.0.0",
  description = "Mooncake's Conductor: the soonest first token, and rejection of what would be late.",
  params = {
    ttft_slo_s = { type = "number", default = 30, min = 0, help = "reject when the first token would come later" },
    tbt_slo_s = { type = "number", default = 0.1, min = 0, help = "reject when tokens would come slower" },
  },

  admit = function(request, cluster)
    local params = cluster.params
    local _, ttft = least.first(roles.prefillers(cluster), function(c) return first_token_s(c, request) end)
    if ttft and ttft > params.ttft_slo_s then return false, "TTFT would be too long" end
    local _, tbt = least.first(roles.decoders(cluster), function(c) return between_tokens_s(c, request) end)
    if tbt and tbt > params.tbt_slo_s then return false, "TBT would be too long" end
    return true
  end,

  route = function(request, candidates)
    return (least.first(candidates, function(c) return first_token_s(c, request) end))
  end,

  route_decode = function(request, candidates)
    return (least.first(with_room(candidates, request), function(c) return between_tokens_s(c, request) end))
  end,
}
