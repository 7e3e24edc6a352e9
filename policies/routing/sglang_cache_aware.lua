-- The `cache_aware` policy of SGLang's gateway (https://github.com/sgl-project/sglang, sgl-router/src/policies).
--
-- When loads are uneven by both a difference and a ratio, the least loaded instance. Else the one that has seen most of
-- the prompt, as a radix tree of past prompts tells, if that is enough of it; else the one with the smallest tree: that
-- is where a new prefix pushes out the least. Decoding goes to the least loaded.
--
-- The tree is the router's guess at the caches, which it never asks. Change `cache_threshold` to follow prefixes more
-- or less, and `max_tree_tokens` to how much the caches hold.
--
-- Simplified: the tree holds what the trace tells of a prompt, tokens or blocks, in place of its characters, and evicts
-- when a tree is too large instead of at intervals. Prompts of which nothing is told match nothing.

local least = require "least"
local radix_tree = require "radix_tree"

local function inflight(c) return c.inflight end

-- The candidate that has seen the longest beginning of the prompt, and its share of the prompt.
local function matched(tree, request, candidates)
  local content = request.content
  if #content == 0 then return nil, 0 end
  local count, owner = tree:match(content)
  for i = 1, #candidates do
    if candidates[i].id == owner then return candidates[i], count / #content end
  end
  return nil, 0
end

---@type simhost.Policy
return {
  api = 1,
  name = "sglang_cache_aware",
  version = "2.0.0",
  description = "SGLang's gateway: longest match, else the smallest tree, unless loads are uneven.",
  params = {
    cache_threshold = { type = "number", default = 0.3, min = 0, max = 1, help = "fraction of the prompt to follow" },
    balance_abs = { type = "integer", default = 64, min = 0, help = "uneven: this many requests more than the least" },
    balance_rel = { type = "number", default = 1.5, min = 1, help = "uneven: this many times the least" },
    max_tree_tokens = { type = "integer", default = 16777216, min = 1, help = "a tree evicts beyond this size" },
  },

  -- `unit` is how many tokens an entry of a prompt's content stands for; `sent` counts prompts of unknown content.
  init = function() return { tree = radix_tree.new(), sent = {}, unit = 1 } end,

  route = function(request, candidates, cluster)
    if #candidates == 0 then return nil end
    local params, memory = cluster.params, cluster.state
    local tree, content = memory.tree, request.content
    local idle, fewest = least.any(candidates, inflight)
    local most = cluster:argmax(candidates, "inflight").inflight
    local chosen
    if most - fewest > params.balance_abs and most > params.balance_rel * fewest then
      chosen = idle
    else
      local best, share = matched(tree, request, candidates)
      if share > params.cache_threshold then
        chosen = best
      else
        chosen = least.any(candidates, function(c) return tree:size(c.id) * memory.unit + (memory.sent[c.id] or 0) end)
      end
    end
    local id = chosen.id
    if #content == 0 then
      memory.sent[id] = math.min(params.max_tree_tokens, (memory.sent[id] or 0) + request.prompt_tokens)
      return chosen
    end
    memory.unit = request.prompt_tokens // #content
    tree:insert(content, id)
    -- A tenth less than it may hold, so that not every prompt evicts.
    local limit = params.max_tree_tokens // memory.unit
    if tree:size(id) > limit then tree:evict(id, limit * 9 // 10) end
    return chosen
  end,

  route_decode = function(_, candidates)
    return (least.any(candidates, inflight))
  end,
}
