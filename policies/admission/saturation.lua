-- llm-d's probabilistic admission (https://github.com/llm-d/llm-d-inference-scheduler): the fuller the cluster, the
-- more likely a request is rejected.
--
-- An instance's saturation is the worse of its queue over 5 requests and its KV usage over 0.8; the cluster's is the
-- mean. A request is rejected with probability min(300 * saturation^5, 1): 1 in 30 at 0.16, all from 0.32 on. Rejecting
-- some early keeps queues short without a limit at which everybody is turned away at once.
--
-- Simplified: metrics are exact. llm-d sheds only requests with a priority below zero; here those below `shed_below`,
-- which are all that say nothing of their priority.

---@type simhost.Policy
return {
  api = 1,
  name = "saturation",
  version = "1.0.0",
  description = "llm-d's probabilistic shedding: reject with a chance that grows with saturation.",
  params = {
    queue_limit = { type = "number", default = 5, min = 0.001, help = "queued requests that saturate an instance" },
    kv_limit = { type = "number", default = 0.8, min = 0.001, max = 1, help = "KV usage that saturates an instance" },
    factor = { type = "number", default = 300, min = 0, help = "chance is factor * saturation^power" },
    shed_below = { type = "integer", default = 1, help = "requests of a lower priority may be turned away" },
    power = { type = "number", default = 5, min = 0, help = "chance is factor * saturation^power" },
  },

  admit = function(request, cluster)
    local params = cluster.params
    if request.priority >= params.shed_below then return true end
    local sum = 0
    for _, instance in ipairs(cluster.instances) do
      sum = sum + math.max(instance.waiting_count / params.queue_limit, instance.kv_usage / params.kv_limit)
    end
    local saturation = sum / math.max(1, #cluster.instances)
    if math.random() < params.factor * saturation ^ params.power then return false, "saturated" end
    return true
  end,
}
