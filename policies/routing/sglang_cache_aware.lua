-- The `cache_aware` policy of SGLang's gateway (https://github.com/sgl-project/sglang, sgl-router/src/policies).
--
-- When loads are uneven by both a difference and a ratio, the least loaded instance. Else the one that has most of the
-- prompt cached, if that is enough of it; else the one with the smallest tree, the least text seen so far: that is
-- where a new prefix pushes out the least. Decoding goes to the least loaded.
--
-- Simplified: the gateway guesses caches by a tree of past texts for each instance; here the caches are asked, and of
-- the trees only the size is kept: prompt tokens sent that were not cached, up to a limit.

local least = require "least"

local tree = {}

local function inflight(c) return c.inflight end

---@type simhost.Policy
return {
  api = 1,
  name = "sglang_cache_aware",
  version = "1.0.0",
  description = "SGLang's gateway: longest match, else the smallest tree, unless loads are uneven.",
  params = {
    cache_threshold = { type = "number", default = 0.3, min = 0, max = 1, help = "fraction of the prompt to follow" },
    balance_abs = { type = "integer", default = 64, min = 0, help = "uneven: this many requests more than the least" },
    balance_rel = { type = "number", default = 1.5, min = 1, help = "uneven: this many times the least" },
    max_tree_tokens = { type = "integer", default = 16777216, min = 1, help = "a tree evicts beyond this size" },
  },

  route = function(request, candidates, cluster)
    if #candidates == 0 then return nil end
    local params = cluster.params
    local idle, fewest = least.any(candidates, inflight)
    local most = cluster:argmax(candidates, "inflight").inflight
    local chosen
    if most - fewest > params.balance_abs and most > params.balance_rel * fewest then
      chosen = idle
    else
      local best, missed = least.any(candidates, function(c)
        return request.prompt_tokens - c:prefix_hit_tokens(request)
      end)
      if request.prompt_tokens - missed > params.cache_threshold * request.prompt_tokens then
        chosen = best
      else
        chosen = least.any(candidates, function(c) return tree[c.id] or 0 end)
      end
    end
    local added = request.prompt_tokens - chosen:prefix_hit_tokens(request)
    tree[chosen.id] = math.min(params.max_tree_tokens, (tree[chosen.id] or 0) + added)
    return chosen
  end,

  route_decode = function(_, candidates)
    return (least.any(candidates, inflight))
  end,
}
