-- Splitwise's mixed pool (https://arxiv.org/abs/2311.18677, section IV): prompt instances, token instances, and a pool
-- of mixed ones that helps whichever is short.
--
-- Prompts go to the prompt instance with the fewest pending prompt tokens, unless something waits there and the prompt
-- would take it over `limit`; then to the mixed one with the fewest. Decoding goes to the token instance that holds the
-- least, unless it has no room; then to a mixed one. The rules are those of `MixedPoolScheduler` in its simulator
-- (https://github.com/Mutinifni/splitwise-sim).
--
-- Simplified: the pool is the instances that the cluster makes mixed. Splitwise also moves instances into the pool and
-- back; roles do not change here.

local ledger = require "ledger"
local least = require "least"

local sent

local function pending(instance) return sent:tokens(instance) end

local function held(instance) return instance.kv_used_tokens + instance.kv_reserved_tokens end

---@type simhost.Policy
return {
  api = 1,
  name = "splitwise_mixed_pool",
  version = "1.0.0",
  description = "Splitwise: fewest pending tokens, with mixed instances for the overflow.",
  params = {
    limit = { type = "integer", default = 8192, min = 1, help = "most pending prompt tokens before prompts overflow" },
  },

  init = function() sent = ledger.new() end,

  route = function(request, candidates, cluster)
    local chosen, tokens = least.first(cluster:filter(candidates, "role", "==", "prefill"), pending)
    local over = chosen and chosen.waiting_count > 0 and tokens + request.prompt_tokens > cluster.params.limit
    if not chosen or over then
      local helper, helper_tokens = least.first(cluster:filter(candidates, "role", "==", "mixed"), pending)
      -- The last resort, when the pool is over its limit too, is whoever has the least to do.
      if helper and (not chosen or helper_tokens < tokens) then chosen = helper end
    end
    chosen = chosen or candidates[1]
    if chosen then sent:send(request, chosen) end
    return chosen
  end,

  route_decode = function(request, candidates, cluster)
    local decoder = least.first(cluster:filter(candidates, "role", "==", "decode"), held)
    if not decoder or decoder.kv_free_tokens < request.context_tokens then
      local helper = least.first(cluster:filter(candidates, "role", "==", "mixed"), held)
      if helper and (not decoder or helper.kv_free_tokens >= request.context_tokens) then decoder = helper end
    end
    return decoder or candidates[1]
  end,

  on_first_token = function(request) sent:first_token(request) end,
  on_finish = function(request) sent:finish(request) end,
}
