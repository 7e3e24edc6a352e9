-- Looks at a few instances picked at random and takes the least loaded of them.
--
-- Two choices are nearly as good as looking at all (Mitzenmacher 2001, https://doi.org/10.1109/71.963420), and when
-- load figures are old they are better: not everybody runs to the one instance that looked empty.

---@type simhost.Policy
return {
  api = 1,
  name = "power_of_two",
  version = "1.0.0",
  description = "The less loaded of two instances picked at random.",
  params = {
    choices = { type = "integer", default = 2, min = 1, help = "how many instances to look at" },
  },

  route = function(_, candidates, cluster)
    local count = #candidates
    if count == 0 then return nil end
    -- Pick without repeats: swap each pick to the front of a list of places.
    local places = {}
    for i = 1, count do places[i] = i end
    local best
    for i = 1, math.min(cluster.params.choices, count) do
      local j = math.random(i, count)
      places[i], places[j] = places[j], places[i]
      local c = candidates[places[i]]
      if not best or c.inflight < best.inflight then best = c end
    end
    return best
  end,
}
