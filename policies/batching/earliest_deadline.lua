-- Earliest deadline first: the request whose target is nearest is admitted next.
--
-- The deadline is when the first token should be there, by the request's own target, or `ttft_slo_s` after its arrival.
-- While all can be met, this order meets them (Liu and Layland 1973, https://doi.org/10.1145/321738.321743); under
-- overload it serves those that are late already and makes the others late too. `drop_late` puts requests whose target
-- has passed behind all others: they are lost anyhow.

local function deadline_s(request, params)
  local due = request.arrival_s + (request.ttft_slo_s or params.ttft_slo_s)
  if params.drop_late and request.waited_s > due - request.arrival_s then return math.huge end
  return due
end

---@type simhost.Policy
return {
  api = 1,
  name = "earliest_deadline",
  version = "1.0.0",
  description = "The nearest target of a first token first.",
  params = {
    ttft_slo_s = { type = "number", default = 2, min = 0, help = "target of requests that have none" },
    drop_late = { type = "boolean", default = true, help = "put requests that are late already last" },
  },

  batch = function(_, _, cluster)
    local params = cluster.params
    return {
      order = function(a, b) return deadline_s(a, params) < deadline_s(b, params) end,
    }
  end,
}
