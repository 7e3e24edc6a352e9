-- The loop of policies/least_loaded.lua over tables of the policy's own: what Lua takes by itself for a decision of that
-- shape. It looks at no view, and sends requests round.
local rows = {}

return {
  api = 1,
  name = "floor",
  version = "1.0.0",
  description = "Least 4 * waiting + running of tables that never change.",
  params = { waiting_weight = { type = "number", default = 4, min = 0, help = "how many running requests a waiting one equals" } },

  init = function(cluster)
    for i = 1, #cluster.instances do rows[i] = { waiting_count = 1000 - i, running_count = i } end
  end,

  route = function(request, candidates, cluster)
    local weight = cluster.params.waiting_weight
    local best, best_score
    for i = 1, #rows do
      local c = rows[i]
      local score = weight * c.waiting_count + c.running_count
      if not best or score < best_score then
        best, best_score = c, score
      end
    end
    return candidates[request.id % #rows + 1]
  end,
}
