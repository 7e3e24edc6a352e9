-- The vLLM V1 scheduler, written with step calls. It gives the same bytes as the engine's native default; a test
-- compares the two. Start from here to change how batches are formed.
--
-- Phase A: every running request, in order of admission, gets its next token, or the next chunk of its prompt. When no
-- KV block is free for one, the request admitted last is preempted (its KV is dropped, it will be computed again).
-- Phase B, only when nobody was preempted: waiting requests are admitted in queue order while there is room in the
-- token budget, in the running set and in KV memory. The first that does not fit ends it, so none is overtaken.

-- The parameters, which stay the same during a run, and are looked up once.
local chunk, reserve

local function read(params)
  chunk = params.chunk_tokens > 0 and params.chunk_tokens or math.maxinteger
  reserve = params.reserve_full_isl
end

-- Schedules a running request: the next piece of its prompt, or one token.
local function continue(step, request)
  local left = request.remaining_prompt_tokens
  if left == 0 then return step:decode(request) end
  return step:prefill(request, math.min(left, chunk, step.budget - step.tokens))
end

-- Phase A. Returns whether anything was preempted.
local function continue_running(instance, step)
  -- The usual case in one call: it takes running requests in order and stops at the first that needs more thought.
  local taken, left = step:decode_all()
  if left == 0 then return false end

  local running = instance.running
  local last = #running -- requests behind it have been preempted
  local preempted = false
  local i = taken + 1
  while i <= last and step.tokens < step.budget do
    local request = running[i]
    local ok, why = continue(step, request)
    while not ok and why == "no KV block" do
      local victim = running[last]
      last = last - 1
      preempted = true
      step:preempt(victim, "recompute")
      if victim == request then return true end -- it made room for others by leaving itself
      ok, why = continue(step, request)
    end
    i = i + 1
  end
  return preempted
end

-- Phase B.
local function admit_waiting(instance, step)
  if instance.waiting_count == 0 then return end
  local places = instance.max_num_seqs - instance.running_count
  local waiting = instance.waiting
  for i = 1, math.min(#waiting, places) do
    local room = step.budget - step.tokens
    if room <= 0 then return end
    local request = waiting[i]
    -- Tokens that the prefix cache holds need no computing.
    local left = request.remaining_prompt_tokens - instance:prefix_hit_tokens(request)
    if reserve and not step:can_allocate(request, left) then return end
    if not step:prefill(request, math.min(left, chunk, room)) then return end
  end
end

---@type simhost.Policy
return {
  api = 1,
  name = "vllm",
  version = "1.0.0",
  description = "The vLLM V1 scheduler: decode first, chunked prompts, preemption by recompute.",
  params = {
    chunk_tokens = {
      type = "integer", default = 0, min = 0,
      help = "most prompt tokens of one request in one iteration (long_prefill_token_threshold); 0 is no limit",
    },
    reserve_full_isl = {
      type = "boolean", default = true,
      help = "admit a prompt only when KV blocks for all of it are free",
    },
  },

  batch = function(instance, step, cluster)
    if not chunk then read(cluster.params) end
    local preempted = continue_running(instance, step)
    if not preempted then admit_waiting(instance, step) end
  end,
}
