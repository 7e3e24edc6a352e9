-- Sends each request to the instance whose KV cache is emptiest.
--
-- KV memory is what decoding runs out of first: an instance that is full makes requests wait or preempts them.
-- `kv_usage` counts what requests hold and what is promised to transfers under way, so ten decisions at one instant
-- see each other. Among equally full instances the one with less work in hand wins.
--
-- Past the headroom all are as good as full: they come behind all others, the one with the least work in hand first.
--
-- To change it: compare something else, such as c.waiting_count or c.inflight.

---@type simhost.Policy
return {
  api = 1,
  name = "least_kv",
  version = "1.0.0",
  description = "Send work to the instance whose KV cache is emptiest.",
  params = {
    headroom = {
      type = "number", default = 0.05, min = 0, max = 1,
      help = "fraction of KV capacity kept free; instances that are fuller come last, by their work in hand",
    },
  },

  -- Called for prompts and, since there is no route_decode, for decoding too.
  route = function(_, candidates, cluster)
    local full = 1 - cluster.params.headroom
    local best, best_score
    for i = 1, #candidates do
      local c = candidates[i]
      local score = c.kv_usage
      if score >= full then score = 1 + c.inflight end -- still possible, but behind all others
      if not best or score < best_score or (score == best_score and c.inflight < best.inflight) then
        best, best_score = c, score
      end
    end
    return best
  end,
}
