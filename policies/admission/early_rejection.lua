-- Mooncake's early rejection (https://arxiv.org/abs/2407.00079, section 7): a request that the decode instances could
-- not serve in time is turned away before its prompt is computed, not after.
--
-- Load is the expected time over its target: of the first token for prefill, of the gap between tokens for decoding. A
-- request is rejected when either is above 1. `by = "current"` counts what decodes now. That lags: all that is being
-- prefilled is still to come, so admission swings between too much and too little. `by = "predicted"` counts what will
-- decode when this prompt is done: requests whose prompts are done by then, less those that have decoded for longer
-- than decoding takes.
--
-- Simplified: decoding takes the mean time of the requests that have finished so far, where the paper has a constant.

local least = require "least"
local roles = require "roles"

local prompts_done = {} -- by id of what is in the system: when its prompt was done, or is expected to be
local finished, decoding_s = 0, 0

-- Requests that decode at a time, by what is known now.
local function decoding_at(time, mean_s)
  local count = 0
  for _, done in pairs(prompts_done) do
    if done <= time and time < done + mean_s then count = count + 1 end
  end
  return count
end

local function decoding_now(decoders)
  local count = 0
  for i = 1, #decoders do count = count + decoders[i].running_count end
  return count
end

-- Time between tokens when `count` requests like this one decode, spread evenly; the mean over the instances.
local function gap_s(decoders, count, request)
  local sum = 0
  local each = math.ceil(count / #decoders)
  for i = 1, #decoders do
    sum = sum + decoders[i]:estimate_step_s { decode_seqs = each, context_tokens = each * request.prompt_tokens }
  end
  return sum / #decoders
end

---@type simhost.Policy
return {
  api = 1,
  name = "early_rejection",
  version = "1.0.0",
  description = "Mooncake's early rejection, on current or predicted load.",
  params = {
    by = {
      type = "string", default = "predicted", choices = { "current", "predicted" },
      help = "decode load now, or when the prompt would be done",
    },
    ttft_slo_s = { type = "number", default = 30, min = 0.001, help = "target of the first token" },
    tbt_slo_s = { type = "number", default = 0.1, min = 0.0001, help = "target of the gap between tokens" },
    decode_s = { type = "number", default = 5, min = 0, help = "time that decoding takes, until some have finished" },
  },

  admit = function(request, cluster)
    local params = cluster.params
    local _, ttft = least.first(roles.prefillers(cluster), function(c) return c:estimate_prefill_s(request) end)
    local decoders = roles.decoders(cluster)
    if not ttft or #decoders == 0 then return true end
    if ttft > params.ttft_slo_s then return false, "prefill overloaded" end

    local count
    if params.by == "current" then
      count = decoding_now(decoders)
    else
      count = decoding_at(cluster.now_s + ttft, finished > 0 and decoding_s / finished or params.decode_s)
    end
    if gap_s(decoders, count + 1, request) > params.tbt_slo_s then return false, "decode overloaded" end
    prompts_done[request.id] = cluster.now_s + ttft
    return true
  end,

  on_first_token = function(request, cluster)
    if not request.data.first_token_s then request.data.first_token_s = cluster.now_s end
    prompts_done[request.id] = request.data.first_token_s
  end,

  on_finish = function(request, cluster)
    prompts_done[request.id] = nil
    finished = finished + 1
    decoding_s = decoding_s + cluster.now_s - (request.data.first_token_s or cluster.now_s)
  end,
}
