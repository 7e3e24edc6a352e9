-- Takes instances in turn, whatever their load. The baseline that every router should beat.
--
-- Prompts and decoding each keep a turn of their own, as each has its own set of instances.

local turn = { prefill = 0, decode = 0 }

---@type simhost.Policy
return {
  api = 1,
  name = "round_robin",
  version = "1.0.0",
  description = "Take instances in turn.",

  route = function(request, candidates)
    if #candidates == 0 then return nil end -- nobody can take it now: wait
    local stage = request.stage
    local place = turn[stage] % #candidates + 1
    turn[stage] = place
    return candidates[place]
  end,
}
