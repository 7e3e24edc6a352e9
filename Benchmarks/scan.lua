-- The least of one field over all candidates, in one scan in C: what the bridge itself costs.
return {
  api = 1,
  name = "scan",
  version = "1.0.0",
  description = "Send each request where the least KV memory is in use.",
  route = function(_, candidates, cluster) return cluster:argmin(candidates, "kv_usage") end,
}
