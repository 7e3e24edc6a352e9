-- Drops the cached blocks that prompts have found least often; of equals, those that were given back first.
--
-- Least recently used, the engine's default, lets a burst of prompts that nobody repeats push out a system prompt that
-- everybody shares. Counting hits keeps it. What was popular once stays for long: `half_life_s` lets hits fade.
--
-- Source: SGLang, `--radix-eviction-policy lfu`, `LFUStrategy` of python/sglang/srt/mem_cache/evict_policy.py.
-- Simplified: SGLang drops leaves of its tree; here the engine offers runs of blocks, the deepest block of each first.

---@type simhost.Policy
return {
  api = 1,
  name = "lfu",
  version = "1.0.0",
  description = "Evict the least frequently used prefix, with hits that may fade.",
  params = {
    half_life_s = { type = "number", default = 0, min = 0, help = "idle seconds that halve hits; 0 is never" },
  },

  evict = function(_, candidates, _, cluster)
    local half_life = cluster.params.half_life_s
    if half_life == 0 then return cluster:argmin(candidates, "hits") end
    local best, least
    for i = 1, #candidates do
      local c = candidates[i]
      local worth = c.hits * 0.5 ^ (c.idle_s / half_life)
      if not best or worth < least then best, least = c, worth end
    end
    return best
  end,
}
