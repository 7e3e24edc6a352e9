-- Higher priority first, with aging, so that nobody waits for ever.
--
-- Each second of waiting is worth `aging` steps of priority: at 0.1, a request of priority 0 passes a fresh one of
-- priority 1 after ten seconds. Priorities are what the trace says. Running requests go on; priority decides who is
-- admitted next, as vLLM's `--scheduling-policy priority` does without the aging.

---@type simhost.Policy
return {
  api = 1,
  name = "priority_aging",
  version = "1.0.0",
  description = "Higher priority first, and a little more of it for each second of waiting.",
  params = {
    aging = { type = "number", default = 0.1, min = 0, help = "steps of priority that a second of waiting is worth" },
  },

  batch = function(_, _, cluster)
    local aging = cluster.params.aging
    return {
      order = function(a, b)
        return a.priority + aging * a.waited_s > b.priority + aging * b.waited_s
      end,
    }
  end,
}
