-- Admits the shortest prompt first.
--
-- The mean time to first token is the smallest that any order gives, as long as all are there at once; long prompts
-- wait longer, and under steady load may wait for ever. `aging` counts against that: each second of waiting makes a
-- prompt look that many tokens shorter.

---@type simhost.Policy
return {
  api = 1,
  name = "sjf",
  version = "1.0.0",
  description = "Shortest prompt first, with aging.",
  params = {
    aging = { type = "number", default = 0, min = 0, help = "prompt tokens that a second of waiting is worth" },
  },

  batch = function(_, _, cluster)
    local aging = cluster.params.aging
    if aging == 0 then return { order = "sjf" } end -- the engine's own order, without a call for each comparison
    return {
      order = function(a, b)
        return a.remaining_prompt_tokens - aging * a.waited_s < b.remaining_prompt_tokens - aging * b.waited_s
      end,
    }
  end,
}
