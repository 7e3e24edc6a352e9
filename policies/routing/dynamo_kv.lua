-- NVIDIA Dynamo's KV router (https://github.com/ai-dynamo/dynamo, lib/kv-router, default selector).
--
-- An instance costs the blocks of prompts that it would have to compute, less those that its cache holds, plus the
-- blocks that it would hold while decoding. `temperature` 0 takes the least cost; above it, costlier instances get a
-- share, so that not everybody follows one popular prefix.
--
-- Decode instances of a split are chosen by load only, which is Dynamo's default there. On a cluster that has mixed
-- instances besides, `bypass` is its conditional disaggregation: a short or mostly cached prompt is computed on the
-- mixed instance where it will decode.
--
-- Simplified: caches in host memory, on disk or shared are not simulated; the queue in front of the router is off, as
-- by default.

local ledger = require "ledger"
local pickers = require "pickers"

local sent

-- Blocks held while decoding: by requests there, on their way, and queued.
local function decode_blocks(instance)
  local tokens = instance.kv_used_tokens + instance.kv_reserved_tokens + instance.waiting_prompt_tokens
  return tokens / instance.block_size
end

local function prompt_costs(request, candidates, params)
  local least_active = math.huge
  for i = 1, #candidates do least_active = math.min(least_active, sent:tokens(candidates[i])) end
  local costs = {}
  for i = 1, #candidates do
    local c = candidates[i]
    local own = request.prompt_tokens / c.block_size
    -- Credit for cached blocks fades where more prompt work is under way than at the least loaded.
    local excess = (sent:tokens(c) - least_active) / c.block_size
    local decay = 1 / (1 + params.credit_decay * excess / own)
    local credit = params.credit * decay * c:prefix_hit_tokens(request) / c.block_size
    local prefill = math.max(0, sent:tokens(c) / c.block_size + own - credit)
    local decode = decode_blocks(c) + own
    if params.selection == "lmetric" then
      costs[i] = prefill * (decode + 1)
    else
      costs[i] = params.prefill_load_scale * prefill + decode + params.active_request_weight * sent:active(c)
    end
  end
  return costs
end

local function decode_costs(candidates, params)
  local costs = {}
  for i = 1, #candidates do
    costs[i] = decode_blocks(candidates[i]) + params.active_request_weight * sent:active(candidates[i])
  end
  return costs
end

-- Is the prompt better computed on the mixed instance `decoder` than sent to `prefiller`?
local function bypasses(request, decoder, prefiller, params)
  if params.bypass == "off" or decoder.kv_usage > params.decode_busy then return false end
  local uncached = request.prompt_tokens - decoder:prefix_hit_tokens(request)
  local short = uncached < params.bypass_tokens and uncached / request.prompt_tokens < params.bypass_ratio
  local busy = prefiller.busy or prefiller.waiting_count > 0
  if params.bypass == "isl" then return short end
  if params.bypass == "load" then return busy end
  return short or busy
end

---@type simhost.Policy
return {
  api = 1,
  name = "dynamo_kv",
  version = "1.0.0",
  description = "Dynamo's KV router: prompt blocks to compute plus blocks to hold.",
  params = {
    credit = { type = "number", default = 1, min = 0, help = "worth of a cached block, in computed blocks" },
    credit_decay = { type = "number", default = 0, min = 0, help = "how fast that fades with load; 0 is off" },
    prefill_load_scale = { type = "number", default = 1, min = 0, help = "weight of blocks to compute" },
    active_request_weight = { type = "number", default = 0, min = 0, help = "blocks that an active request counts" },
    temperature = { type = "number", default = 0, min = 0, help = "0 takes the least cost; more spreads" },
    selection = {
      type = "string", default = "cost", choices = { "cost", "lmetric" },
      help = "sum of prefill and decode blocks, or their product",
    },
    bypass = {
      type = "string", default = "off", choices = { "off", "isl", "load", "isl_or_load" },
      help = "when prompts skip the prefill instances",
    },
    bypass_tokens = { type = "integer", default = 2048, min = 0, help = "isl: fewer uncached tokens than this" },
    bypass_ratio = { type = "number", default = 0.7, min = 0, max = 1, help = "isl: less of it uncached" },
    decode_busy = { type = "number", default = 0.9, min = 0, max = 1, help = "no bypass to fuller KV caches" },
  },

  init = function() sent = ledger.new() end,

  route = function(request, candidates, cluster)
    if #candidates == 0 then return nil end
    local params = cluster.params
    local prefillers = cluster:filter(candidates, "role", "==", "prefill")
    local mixed = cluster:filter(candidates, "role", "==", "mixed")
    local chosen
    if #prefillers == 0 then
      chosen = pickers.softmin(mixed, prompt_costs(request, mixed, params), params.temperature)
    else
      chosen = pickers.softmin(prefillers, prompt_costs(request, prefillers, params), params.temperature)
      local decoder = pickers.softmin(mixed, prompt_costs(request, mixed, params), params.temperature)
      if decoder and bypasses(request, decoder, chosen, params) then chosen = decoder end
    end
    chosen = chosen or candidates[1]
    sent:send(request, chosen)
    return chosen
  end,

  route_decode = function(request, candidates, cluster)
    local params = cluster.params
    local chosen = pickers.softmin(candidates, decode_costs(candidates, params), params.temperature)
    if chosen then sent:moved(request, chosen) end
    return chosen
  end,

  on_first_token = function(request) sent:first_token(request) end,
  on_finish = function(request) sent:finish(request) end,
}
