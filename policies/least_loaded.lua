-- Sends each request to the instance with the least 4 * waiting + running.
--
-- A queued request counts more than a running one: it still needs its prompt computed, while a running one only adds
-- a token to each iteration. This is the rule of vLLM's data-parallel coordinator and of LLMServingSim's LOAD router;
-- here the counts are exact, not 100 ms old.

---@type simhost.Policy
return {
  api = 1,
  name = "least_loaded",
  version = "1.0.0",
  description = "Least 4 * waiting + running.",
  params = {
    waiting_weight = { type = "number", default = 4, min = 0, help = "how many running requests a waiting one equals" },
  },

  route = function(_, candidates, cluster)
    local weight = cluster.params.waiting_weight
    local best, best_score
    for i = 1, #candidates do
      local c = candidates[i]
      local score = weight * c.waiting_count + c.running_count
      if not best or score < best_score then
        best, best_score = c, score
      end
    end
    return best -- the first of equals
  end,
}
