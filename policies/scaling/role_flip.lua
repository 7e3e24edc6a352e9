-- Role flip by queue ratio: an instance goes over to the side with the longer queue. Splitwise (ISCA 2024,
-- https://arxiv.org/abs/2311.18677, section 4.2) moves machines between its pools like this, by load.
--
-- The prefill side's queue is its queued prompt tokens, the decode side's is its KV memory in use, with the requests
-- that wait for it. When one is `ratio` times the other, each over what counts as full, the emptiest instance of the
-- other side drains and changes its role.
--
-- Simplified: Splitwise keeps a mixed pool between the two; routing/splitwise_mixed_pool.lua has that one. The
-- thresholds are guesses. One instance of each role stays, and only one drains at a time.

local function load(instances, measure)
  local up, sum = {}, 0
  for _, instance in ipairs(instances) do
    if instance.state == "draining" then return nil end
    if instance.state == "up" then
      up[#up + 1] = instance
      sum = sum + measure(instance)
    end
  end
  return up, sum / math.max(1, #up)
end

---@type simhost.Policy
return {
  api = 1,
  name = "role_flip",
  version = "1.0.0",
  description = "Turn a prefill instance into a decode instance, or back, when one side's queue is far longer.",
  tick_interval_s = 1,
  params = {
    ratio = { type = "number", default = 3, min = 1, help = "how much longer a side's queue must be" },
    full_prompt_tokens = { type = "integer", default = 8192, min = 1, help = "queued tokens of a full instance" },
    least = { type = "number", default = 0.5, min = 0, help = "share of full below which nothing is changed" },
  },

  tick = function(cluster)
    local params = cluster.params
    local prefills, prompts = load(cluster.prefill, function(instance)
      return instance.waiting_prompt_tokens / params.full_prompt_tokens
    end)
    local decodes, tokens = load(cluster.decode, function(instance)
      return instance.kv_usage + instance.kv_waiting_count / instance.max_num_seqs
    end)
    if not prefills or not decodes then return end
    if prompts > params.least and prompts > params.ratio * tokens and #decodes > 1 then
      cluster:set_role(cluster:argmin(decodes, "inflight"), "prefill")
    elseif tokens > params.least and tokens > params.ratio * prompts and #prefills > 1 then
      cluster:set_role(cluster:argmin(prefills, "inflight"), "decode")
    end
  end,
}
