-- Sarathi-Serve's stall-free batching (https://arxiv.org/abs/2403.02310, Algorithm 3).
--
-- Every iteration holds at most `token_budget` tokens: first the decodes of all running requests, then the next chunk
-- of prompts that were begun, then new prompts. So no decode ever waits for a prompt, and none is slowed by more than
-- the budget allows. A smaller budget makes tokens come more evenly and prompts take longer.
--
-- When memory is short, the request admitted last is preempted, as in vLLM, on which Sarathi-Serve is built.

local running = require "running"

---@type simhost.Policy
return {
  api = 1,
  name = "sarathi",
  version = "1.0.0",
  description = "Sarathi-Serve: decodes first, then chunks of prompts up to a token budget.",
  params = {
    token_budget = { type = "integer", default = 512, min = 1, help = "most tokens of an iteration, if decodes allow" },
  },

  batch = function(instance, step, cluster)
    local budget = math.min(step.budget, cluster.params.token_budget)
    if running.continue(instance, step, budget) then return end
    running.admit(instance, step, budget, instance.max_num_seqs)
  end,
}
