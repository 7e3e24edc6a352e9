-- Picks an instance at random. The numbers come from the seed of the run, so a run can be repeated.

---@type simhost.Policy
return {
  api = 1,
  name = "random",
  version = "1.0.0",
  description = "Pick an instance at random.",

  route = function(_, candidates)
    return sim.choice(candidates) -- nil, which waits, when there is none
  end,
}
