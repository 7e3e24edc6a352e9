-- Sends each request to the instance with the shortest queue, counted in work instead of heads.
--
-- For prompts the queue is the prompt tokens still to compute (token-level join-the-shortest-queue, as in Splitwise,
-- https://arxiv.org/abs/2311.18677); for decoding it is the number of requests, since each adds one token to an
-- iteration however long it is.
--
-- To change it: set `by` to "requests" to count heads in both stages.

---@type simhost.Policy
return {
  api = 1,
  name = "join_shortest_queue",
  version = "1.0.0",
  description = "Join the shortest queue, in prompt tokens or in requests.",
  params = {
    by = { type = "string", default = "tokens", choices = { "tokens", "requests" }, help = "how queues are measured" },
  },

  route = function(request, candidates, cluster)
    local by_tokens = cluster.params.by == "tokens" and request.stage == "prefill"
    local best, best_length, best_inflight
    for i = 1, #candidates do
      local c = candidates[i]
      local length = by_tokens and c.waiting_prompt_tokens or c.waiting_count
      -- Empty queues are common: then the instance with less work in hand is the better one.
      local inflight = c.inflight
      if not best or length < best_length or (length == best_length and inflight < best_inflight) then
        best, best_length, best_inflight = c, length, inflight
      end
    end
    return best
  end,
}
