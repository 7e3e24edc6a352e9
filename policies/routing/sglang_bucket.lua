-- The `bucket` policy of SGLang's gateway (https://github.com/sgl-project/sglang, sgl-router/src/policies): each
-- instance takes prompts of one range of lengths, so that short ones do not queue behind long ones.
--
-- Every `refit_s` the boundaries are set anew, so that each range would have held the same number of tokens over the
-- last `window_s`. While loads are uneven by both a difference and a ratio, the least loaded instance is taken instead.
-- Decoding goes to the least loaded.
--
-- Simplified: lengths are counted in tokens, not characters.

local least = require "least"

local recent = {} -- { time, tokens } of prompts in the window, the oldest first
local bounds -- bounds[k] is the longest prompt of the k-th range; the last range has no bound
local fitted_at

local function inflight(c) return c.inflight end

-- Ranges of equal width to begin with.
local function even(count, longest)
  local result = {}
  for k = 1, count - 1 do result[k] = longest * k / count end
  return result
end

local function refit(count, now_s, params)
  local kept, lengths, total = {}, {}, 0
  for _, prompt in ipairs(recent) do
    if prompt[1] >= now_s - params.window_s then
      kept[#kept + 1] = prompt
      lengths[#lengths + 1] = prompt[2]
      total = total + prompt[2]
    end
  end
  recent = kept
  if #lengths < count then return end -- too few to learn from
  table.sort(lengths)
  local sum, k = 0, 1
  for _, length in ipairs(lengths) do
    sum = sum + length
    while k < count and sum >= total * k / count do
      bounds[k] = length
      k = k + 1
    end
  end
end

---@type simhost.Policy
return {
  api = 1,
  name = "sglang_bucket",
  version = "1.0.0",
  description = "SGLang's buckets: each instance takes prompts of one range of lengths.",
  params = {
    refit_s = { type = "number", default = 5, min = 0.001, help = "seconds between new boundaries" },
    window_s = { type = "number", default = 60, min = 0.001, help = "seconds of prompts that they are fitted to" },
    first_longest = { type = "integer", default = 4096, min = 1, help = "longest prompt of the first boundaries" },
    balance_abs = { type = "integer", default = 64, min = 0, help = "uneven: this many requests more than the least" },
    balance_rel = { type = "number", default = 1.5, min = 1, help = "uneven: this many times the least" },
  },

  route = function(request, candidates, cluster)
    local count = #candidates
    if count == 0 then return nil end
    local params, now_s = cluster.params, cluster.now_s
    if not bounds or #bounds ~= count - 1 then
      bounds, fitted_at = even(count, params.first_longest), now_s
    end
    if now_s - fitted_at >= params.refit_s then
      refit(count, now_s, params)
      fitted_at = now_s
    end
    recent[#recent + 1] = { now_s, request.prompt_tokens }

    local idle, fewest = least.any(candidates, inflight)
    local most = cluster:argmax(candidates, "inflight").inflight
    if most - fewest > params.balance_abs and most > params.balance_rel * fewest then return idle end
    local k = 1
    while k < count and request.prompt_tokens > bounds[k] do k = k + 1 end
    return candidates[k]
  end,

  route_decode = function(_, candidates)
    return (least.any(candidates, inflight))
  end,
}
