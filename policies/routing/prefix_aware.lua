-- The `prefixaware` router of vLLM's production stack (https://github.com/vllm-project/production-stack,
-- src/vllm_router/routers/routing_logic.py): the longest cached prefix, one of the equals at random, whatever the load.
--
-- The plainest use of caches, and a warning: everybody follows the most popular prefix to one instance.
--
-- Simplified: the router matches in a trie of past texts, which never forgets; here the caches are asked.

local least = require "least"

---@type simhost.Policy
return {
  api = 1,
  name = "prefix_aware",
  version = "1.0.0",
  description = "Longest cached prefix, random among equals, whatever the load.",

  route = function(request, candidates)
    return (least.any(candidates, function(c) return -c:prefix_hit_tokens(request) end))
  end,

  route_decode = function(_, candidates)
    return sim.choice(candidates)
  end,
}
