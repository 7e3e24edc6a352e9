-- Scores of instances for a request, from 0 (worst) to 1 (best): the scorers of the llm-d router.
--
-- Each takes a request, an array of instances, and the router's memory: its `ledger` (lib/ledger.lua), `cold` (of
-- lib/lru.lua: ids of instances, by when they last took a prompt that was cached nowhere), `sessions` (by id, what they
-- are bound to: `instance` and `until_s`), `now_s` and `params`. Each answers an array of scores.
--
-- Formulas: https://github.com/llm-d/llm-d-inference-scheduler, pkg/epp/framework/plugins. Prefix hits are asked of the
-- caches themselves, as its precise variant does; the approximate one guesses them from its own record of past prompts.

local scorers = {}

local function map(items, score)
  local scores = {}
  for i = 1, #items do scores[i] = score(items[i]) end
  return scores
end

-- The most of a metric scores 0, the least 1; all score 1 when they are equal.
local function less_is_better(items, metric)
  local values = map(items, metric)
  if #values == 0 then return values end
  local least, most = math.min(table.unpack(values)), math.max(table.unpack(values))
  return map(values, function(value) return most > least and (most - value) / (most - least) or 1 end)
end

-- The fraction of the prompt that is cached; with params.absolute_weight w > 0 mixed with w * min(1, hit / 8192)^2,
-- which values long hits of any prompt.
function scorers.prefix(request, pods, memory)
  local w = memory.params.absolute_weight or 0
  return map(pods, function(pod)
    local hit = pod:prefix_hit_tokens(request)
    return w * math.min(1, hit / 8192) ^ 2 + (1 - w) * hit / request.prompt_tokens
  end)
end

function scorers.queue(_, pods)
  return less_is_better(pods, function(pod) return pod.waiting_count end)
end

function scorers.running(_, pods)
  return less_is_better(pods, function(pod) return pod.running_count end)
end

function scorers.kv(_, pods)
  return map(pods, function(pod) return 1 - pod.kv_usage end)
end

-- Requests that the router itself has under way there: none is 1, the most that any has is 0.
function scorers.active(_, pods, memory)
  local most = 0
  for i = 1, #pods do most = math.max(most, memory.ledger:active(pods[i])) end
  return map(pods, function(pod)
    local count = memory.ledger:active(pod)
    return count == 0 and 1 or (most - count) / most
  end)
end

-- Uncached prompt tokens under way there, against 4 Mi tokens (llm-d's default).
function scorers.token_load(_, pods, memory)
  return map(pods, function(pod) return 1 - math.min(1, memory.ledger:tokens(pod) / 4194304) end)
end

-- 0.5 without a queue, falling to 0 at 128 requests (llm-d's default).
function scorers.load_aware(_, pods)
  return map(pods, function(pod) return 0.5 * math.max(0, 1 - pod.waiting_count / 128) end)
end

-- A prompt that is cached nowhere goes to where a cold prompt was last sent longest ago, so that cold prompts, and the
-- caches that grow from them, spread evenly. Others score 0.5 everywhere.
function scorers.no_hit_lru(request, pods, memory)
  for i = 1, #pods do
    if pods[i]:prefix_hit_tokens(request) > 0 then return map(pods, function() return 0.5 end) end
  end
  local place, used = {}, 0
  for _, id in ipairs(memory.cold:keys()) do place[id] = true end
  -- Ranks among these instances only: never used first, then the oldest.
  for i = 1, #pods do used = used + (place[pods[i].id] and 1 or 0) end
  local rank = #pods - used
  local is_pod = {}
  for i = 1, #pods do is_pod[pods[i].id] = true end
  local score = {}
  for _, id in ipairs(memory.cold:keys()) do
    if is_pod[id] then
      score[id] = #pods > 1 and 1 - rank / (#pods - 1) or 1
      rank = rank + 1
    end
  end
  return map(pods, function(pod) return score[pod.id] or 1 end)
end

-- 1 for the instance that the session is bound to.
function scorers.session(request, pods, memory)
  local bound = request.session_id and memory.sessions[request.session_id]
  local id = bound and bound.until_s > memory.now_s and bound.instance
  return map(pods, function(pod) return pod.id == id and 1 or 0 end)
end

-- Instances labelled with a range of context lengths (params.ranges[name] = { low, high }): within it 0.3 to 1, the
-- tighter the better; outside 0.3 falling to 0 with the distance; 0.5 without a label. The shape of both slopes is a
-- guess.
function scorers.context_length(request, pods, memory)
  local length = request.context_tokens
  return map(pods, function(pod)
    local range = memory.params.ranges[pod.name]
    if not range then return 0.5 end
    local low, high = range[1], range[2]
    if length < low then return 0.3 * length / low end
    if length > high then return 0.3 * high / length end
    return 0.3 + 0.7 * length / math.max(length, high)
  end)
end

-- 0 to 1 between the least and the most of a list of numbers; 0 when they are equal.
local function spread(values)
  if #values == 0 then return values end
  local least, most = math.min(table.unpack(values)), math.max(table.unpack(values))
  return map(values, function(value) return most > least and (value - least) / (most - least) or 0 end)
end

-- Headroom under the targets params.ttft_slo_s and params.tpot_slo_s, by the engine's own estimates. Instances that
-- meet both: the tightest fit is best, so that the emptier ones stay free for harder requests. When none does: idle
-- ones, then those that miss only TPOT, only TTFT, both; in each, the least miss.
function scorers.latency(request, pods, memory)
  local ttft, tpot, tier = {}, {}, {}
  local best_tier = 0
  for i = 1, #pods do
    local pod = pods[i]
    ttft[i] = (request.ttft_slo_s or memory.params.ttft_slo_s) - pod:estimate_prefill_s(request)
    tpot[i] = (request.tpot_slo_s or memory.params.tpot_slo_s) - pod:estimate_step_s {
      decode_seqs = pod.running_count + 1, context_tokens = pod.running_context_tokens + request.context_tokens,
    }
    if ttft[i] >= 0 and tpot[i] >= 0 then
      tier[i] = 4
    elseif pod.inflight == 0 then
      tier[i] = 3
    else
      tier[i] = tpot[i] < 0 and (ttft[i] >= 0 and 2 or 0) or 1
    end
    best_tier = math.max(best_tier, tier[i])
  end
  local members, near_ttft, near_tpot = {}, {}, {}
  for i = 1, #pods do
    if tier[i] == best_tier then
      members[#members + 1] = i
      near_ttft[#members], near_tpot[#members] = math.abs(ttft[i]), math.abs(tpot[i])
    end
  end
  near_ttft, near_tpot = spread(near_ttft), spread(near_tpot)
  local scores = map(pods, function() return 0 end)
  -- Weights 0.8 and 0.2 are llm-d's defaults. The best tier never falls to the 0 of the others.
  for j, i in ipairs(members) do scores[i] = 1 - 0.9 * (0.8 * near_ttft[j] + 0.2 * near_tpot[j]) end
  return scores
end

return scorers
