-- Turns away what would miss its targets anyhow, so that its work does not make others late.
--
-- The first token is expected where it would come soonest; the gap between tokens, where that would be shortest. The
-- estimates are the engine's own: how far they are off is what queues behind bursts make of them. `slack` above 1 lets
-- in requests that would be a little late. The rule is that of llm-d's latency-slo admitter
-- (https://github.com/llm-d/llm-d-inference-scheduler), for which an idle instance or one that has less than 2 % of its
-- KV memory in use is always good enough.
--
-- Targets are the request's own, or the parameters. Simplified: llm-d turns away only requests with a priority below
-- zero; here those below `shed_below`, which are all that say nothing of their priority.

local roles = require "roles"

local function nearly_empty(instance)
  return instance.inflight == 0 or instance.kv_usage < 0.02
end

local function prompt_in_time(request, cluster)
  local limit = (request.ttft_slo_s or cluster.params.ttft_slo_s) * cluster.params.slack - request.waited_s
  local list = roles.prefillers(cluster)
  for i = 1, #list do
    if list[i].inflight == 0 or list[i]:estimate_prefill_s(request) <= limit then return true end
  end
  return false
end

local function decode_in_time(request, cluster)
  local limit = (request.tpot_slo_s or cluster.params.tpot_slo_s) * cluster.params.slack
  local list = roles.decoders(cluster)
  for i = 1, #list do
    local c = list[i]
    local step_s = c:estimate_step_s {
      decode_seqs = c.running_count + c.transfers_in + 1,
      context_tokens = c.running_context_tokens + c.kv_reserved_tokens + request.context_tokens,
    }
    if nearly_empty(c) or step_s <= limit then return true end
  end
  return false
end

---@type simhost.Policy
return {
  api = 1,
  name = "slo_predicted",
  version = "1.0.0",
  description = "Reject requests that are expected to miss their targets.",
  params = {
    ttft_slo_s = { type = "number", default = 2, min = 0, help = "target of first tokens, if requests have none" },
    tpot_slo_s = { type = "number", default = 0.1, min = 0, help = "target of the gaps, unless the request has one" },
    slack = { type = "number", default = 1, min = 0, help = "times the targets that is still good enough" },
    shed_below = { type = "integer", default = 1, help = "requests of a lower priority may be turned away" },
  },

  admit = function(request, cluster)
    if request.priority >= cluster.params.shed_below then return true end
    if not prompt_in_time(request, cluster) then return false, "would miss TTFT" end
    if not decode_in_time(request, cluster) then return false, "would miss TPOT" end
    return true
  end,
}
