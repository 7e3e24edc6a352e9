-- llm-d's router: filter, score, pick (https://github.com/llm-d/llm-d-inference-scheduler).
--
-- Every scorer gives each instance 0 to 1 (lib/scorers.lua); the weighted sums go to a picker. The defaults, prefix 2
-- and queue 1, are the weights that llm-d ships for prefill/decode. Weight 0 leaves a scorer out.
--
-- With a split the instance for decoding is chosen first. On a cluster that has mixed instances too, that may be one of
-- them; then the decider says whether the prompt is worth a prefill instance, or is computed where it will decode.
--
-- Simplified: metrics are exact instead of scraped; LoRA, topology and multimodal scorers have nothing to look at here.

local ledger = require "ledger"
local lru = require "lru"
local pickers = require "pickers"
local roles = require "roles"
local scorers = require "scorers"

-- In this order, so that sums are the same bytes on every run.
local names = {
  "prefix", "queue", "running", "kv", "active", "token_load", "load_aware", "no_hit_lru", "session", "context_length",
  "latency",
}

local function weight(default, help)
  return { type = "number", default = default, min = 0, help = "weight of " .. help }
end

local params = {
  prefix = weight(2, "the cached part of the prompt"),
  queue = weight(1, "the shortest queue, relative to the others"),
  running = weight(0, "the fewest running requests, relative to the others"),
  kv = weight(0, "free KV memory"),
  active = weight(0, "requests that the router has under way there"),
  token_load = weight(0, "prompt tokens that the router has under way there"),
  load_aware = weight(0, "queue length against 128"),
  no_hit_lru = weight(0, "spreading prompts that are cached nowhere"),
  session = weight(0, "the session's instance"),
  context_length = weight(0, "ranges of context length"),
  latency = weight(0, "headroom under ttft_slo_s and tpot_slo_s"),
  picker = {
    type = "string", default = "max_score", choices = { "max_score", "random", "weighted_random" },
    help = "how one is picked by score",
  },
  affinity = {
    type = "number", default = 0, min = 0, max = 1,
    help = "keep only instances with this fraction of the prompt cached, if any (llm-d: 0.8); 0 is off",
  },
  max_kv_usage = { type = "number", default = 1, min = 0, max = 1, help = "drop fuller instances, unless all are" },
  absolute_weight = { type = "number", default = 0, min = 0, max = 1, help = "share of hit length in prefix scores" },
  ttft_slo_s = { type = "number", default = 2, min = 0, help = "first token for the latency scorer, by default" },
  tpot_slo_s = { type = "number", default = 0.05, min = 0, help = "gaps for the latency scorer, by default" },
  session_ttl_s = { type = "number", default = 300, min = 0, help = "how long a session stays bound" },
  ranges = { type = "string", default = "", help = "context lengths, such as prefill/0=0-2048,prefill/1=2048-32768" },
  decider = {
    type = "string", default = "prefix", choices = { "prefix", "always" },
    help = "use a prefill instance for long uncached prompts, or always",
  },
  non_cached_tokens = {
    type = "integer", default = 16, min = 0,
    help = "decider prefix: fewest uncached tokens worth a prefill instance; 0 never uses one",
  },
}

local memory

local function parse_ranges(text)
  local ranges = {}
  for name, low, high in text:gmatch("([^=,%s]+)=(%d+)-(%d+)") do
    ranges[name] = { tonumber(low), tonumber(high) }
  end
  return ranges
end

-- Those that agree, or all when none does.
local function keep(pods, agrees)
  local kept = {}
  for i = 1, #pods do
    if agrees(pods[i]) then kept[#kept + 1] = pods[i] end
  end
  return #kept > 0 and kept or pods
end

local function filter(request, pods)
  local settings = memory.params
  if settings.max_kv_usage < 1 then
    pods = keep(pods, function(pod) return pod.kv_usage <= settings.max_kv_usage end)
  end
  if settings.affinity > 0 then
    local enough = settings.affinity * request.prompt_tokens
    pods = keep(pods, function(pod) return pod:prefix_hit_tokens(request) >= enough end)
  end
  return pods
end

local function choose(request, pods, cluster)
  memory.now_s = cluster.now_s
  pods = filter(request, pods)
  local totals = {}
  for i = 1, #pods do totals[i] = 0 end
  for _, name in ipairs(names) do
    local factor = cluster.params[name]
    if factor > 0 then
      local scores = scorers[name](request, pods, memory)
      for i = 1, #pods do totals[i] = totals[i] + factor * math.max(0, math.min(1, scores[i])) end
    end
  end
  return pickers[cluster.params.picker](pods, totals)
end

-- Writes down what later decisions look at.
local function remember(request, pod, decoder)
  if pod:prefix_hit_tokens(request) == 0 then memory.cold:touch(pod.id) end
  memory.ledger:send(request, pod, decoder)
  if request.session_id then
    memory.sessions[request.session_id] = { instance = pod.id, until_s = memory.now_s + memory.params.session_ttl_s }
  end
end

-- Is the prompt computed on a prefill instance, when it will decode on this one?
local function disaggregates(request, decoder, cluster)
  if cluster.params.decider == "always" then return true end
  local enough = cluster.params.non_cached_tokens
  return enough > 0 and request.prompt_tokens - decoder:prefix_hit_tokens(request) >= enough
end

---@type simhost.Policy
return {
  api = 1,
  name = "llm_d",
  version = "1.0.0",
  description = "llm-d's filters, weighted scorers and pickers.",
  params = params,

  init = function(_, settings)
    memory = { ledger = ledger.new(), cold = lru.new(), sessions = {}, now_s = 0, params = {} }
    for name, value in pairs(settings) do memory.params[name] = value end
    memory.params.ranges = parse_ranges(settings.ranges)
  end,

  route = function(request, candidates, cluster)
    if #candidates == 0 then return nil end
    local prefillers = cluster:filter(candidates, "role", "==", "prefill")
    local decoders = roles.decoders(cluster)

    local decoder = #prefillers > 0 and #decoders > 0 and choose(request, decoders, cluster) or nil
    local pod
    if decoder and decoder.role == "mixed" and not disaggregates(request, decoder, cluster) then
      pod = cluster:filter(candidates, "id", "==", decoder.id)[1]
    end
    pod = pod or choose(request, #prefillers > 0 and prefillers or candidates, cluster)
    request.data.decoder = decoder and decoder.id
    remember(request, pod, pod.role == "prefill" and decoder or nil)
    return pod
  end,

  route_decode = function(request, candidates, cluster)
    if #candidates == 0 then return nil end
    local chosen = cluster:filter(candidates, "id", "==", request.data.decoder or 0)[1]
      or choose(request, candidates, cluster)
    memory.ledger:moved(request, chosen)
    return chosen
  end,

  on_first_token = function(request) memory.ledger:first_token(request) end,
  on_finish = function(request) memory.ledger:finish(request) end,
}
