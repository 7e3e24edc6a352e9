-- Preble's E2, exploit or explore (https://arxiv.org/abs/2407.00023, section 3.2).
--
-- When more of a prompt is cached somewhere than is missing, it is sent there (exploit): the least loaded of those that
-- hold the prefix. Else to the instance that costs the least (explore): the prompt work and the decoding of the last
-- minutes, and the prompt work that this request would add there. When the most loaded instance has `imbalance` times
-- the load of the least loaded, what would exploit it goes to the least loaded, which then holds the prefix too.
--
-- Simplified: the price of evicting others' prefixes is left out, as caches do not tell what they would drop; the
-- rebalancing moves requests one by one in place of whole subtrees of prefixes.

local least = require "least"
local window = require "window"

local work = {} -- by instance: seconds of prompt work sent in the window
local outputs = {} -- lengths of the last finished outputs
local places = 0

local function median_output(guess)
  if #outputs == 0 then return guess end
  local sorted = table.move(outputs, 1, #outputs, 1, {})
  table.sort(sorted)
  return sorted[(#sorted + 1) // 2]
end

local function prompt_s(instance, tokens)
  return tokens > 0 and instance:estimate_step_s { prefill_tokens = tokens } or 0
end

local function load_s(instance, cluster, output)
  local sent = work[instance.id] and work[instance.id]:sum(cluster.now_s) or 0
  local running = instance.running_count
  if running == 0 then return sent end
  local each = instance:estimate_step_s { decode_seqs = running, context_tokens = instance.running_context_tokens }
  -- Requests in one batch share its iterations: that is the time until the median output is done.
  return sent + each * output
end

---@type simhost.Policy
return {
  api = 1,
  name = "preble_e2",
  version = "1.0.0",
  description = "Preble's E2: follow a cached prefix when most is cached, else the least costly instance.",
  params = {
    window_s = { type = "number", default = 180, min = 0.001, help = "seconds over which load is counted" },
    imbalance = { type = "number", default = 1.5, min = 1, help = "times the least load that end exploiting" },
    output_guess = { type = "integer", default = 100, min = 1, help = "output tokens before any has finished" },
  },

  route = function(request, candidates, cluster)
    if #candidates == 0 then return nil end
    local params = cluster.params
    local output = median_output(params.output_guess)
    local loads = {}
    for i = 1, #candidates do loads[candidates[i].id] = load_s(candidates[i], cluster, output) end
    local function load(c) return loads[c.id] end

    local _, most_missed = least.first(candidates, function(c) return -c:prefix_hit_tokens(request) end)
    local hit = -most_missed
    local chosen
    if hit > request.prompt_tokens - hit then
      local holders = {}
      for i = 1, #candidates do
        if candidates[i]:prefix_hit_tokens(request) == hit then holders[#holders + 1] = candidates[i] end
      end
      chosen = least.first(holders, load)
      local lightest, lowest = least.first(candidates, load)
      local _, heaviest = least.first(candidates, function(c) return -loads[c.id] end)
      if loads[chosen.id] == -heaviest and loads[chosen.id] > params.imbalance * lowest then chosen = lightest end
    else
      chosen = least.first(candidates, function(c)
        return loads[c.id] + prompt_s(c, request.prompt_tokens - c:prefix_hit_tokens(request))
      end)
    end
    work[chosen.id] = work[chosen.id] or window.new(params.window_s)
    work[chosen.id]:add(cluster.now_s, prompt_s(chosen, request.prompt_tokens - chosen:prefix_hit_tokens(request)))
    return chosen
  end,

  route_decode = function(_, candidates, cluster)
    return cluster:argmin(candidates, "running_context_tokens")
  end,

  on_finish = function(request)
    places = places % 101 + 1 -- an odd number, so that the median is one of them
    outputs[places] = request.generated_tokens
  end,
}
