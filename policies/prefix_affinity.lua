-- Sends a prompt to where most of it is cached, unless that instance is overloaded.
--
-- A prefix hit saves compute, but following it always piles popular prompts onto one instance. So affinity ends where
-- load gets out of balance: when the busiest instance has both `spread` more requests than the least busy and
-- `ratio` times as many, the least busy one is taken. The rule is that of SGLang's cache-aware router; it guesses hits
-- from its own record of past texts, while here the caches themselves are asked.
--
-- Decoding continues where there is most room: the KV cache moves there anyhow.

local function least_busy(candidates, cluster)
  return cluster:argmin(candidates, "inflight")
end

---@type simhost.Policy
return {
  api = 1,
  name = "prefix_affinity",
  version = "1.0.0",
  description = "Longest prefix hit, unless load is out of balance.",
  params = {
    min_hit = { type = "number", default = 0.3, min = 0, max = 1, help = "fraction of the prompt worth following" },
    spread = { type = "integer", default = 32, min = 0, help = "imbalance: requests more than the least busy" },
    ratio = { type = "number", default = 1.1, min = 1, help = "imbalance: times the least busy" },
  },

  route = function(request, candidates, cluster)
    if #candidates < 2 then return candidates[1] end
    local params = cluster.params
    local idle = least_busy(candidates, cluster)
    local most = cluster:argmax(candidates, "inflight").inflight
    if most - idle.inflight > params.spread and most > params.ratio * idle.inflight then
      return idle
    end

    local best, best_hit = nil, 0
    for i = 1, #candidates do
      local c = candidates[i]
      local hit = c:prefix_hit_tokens(request)
      if hit > best_hit or (best and hit == best_hit and c.inflight < best.inflight) then
        best, best_hit = c, hit
      end
    end
    if best and best_hit >= params.min_hit * request.prompt_tokens then return best end
    return idle
  end,

  route_decode = function(_, candidates, cluster)
    return cluster:argmin(candidates, "kv_usage")
  end,
}
