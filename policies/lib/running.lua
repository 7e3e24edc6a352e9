-- Going on with the requests of a running batch: decodes first, then prompts that were begun.
--
-- When no KV block is free for somebody, the request admitted last gives up its memory, to be computed again later, as
-- in vLLM. A prompt makes others leave only when the step would be empty otherwise: it can wait, and must not for ever.

local running = {}

-- Calls `try` until it succeeds, or another reason than memory stops it. Answers whether somebody had to leave, which
-- may be the request itself.
local function make_room(step, list, request, try)
  local preempted = false
  local ok, why = try()
  while not ok and why == "no KV block" and #list > 0 do
    local victim = table.remove(list)
    if not step:preempt(victim, "recompute") then break end -- it is in the step already: so are all before it
    preempted = true
    if victim == request then break end
    ok, why = try()
  end
  return preempted
end

-- A token for every request that decodes, then chunks of prompts while the step holds fewer than `budget` tokens.
-- Answers whether somebody had to leave: then memory is too short to admit anybody.
function running.continue(instance, step, budget)
  -- The usual case in one call; it stops at the first request that needs more thought.
  local taken, rest = step:decode_all()
  if rest == 0 then return false end
  local all = instance.running -- as it is now; whoever leaves is not taken out of it
  local list = table.move(all, 1, #all, 1, {}) -- who may have to leave, the last first
  local preempted = false
  local function remains(place) return place <= #list end

  local prompts = {}
  for place = taken + 1, #all do
    local request = all[place]
    if request.remaining_prompt_tokens > 0 then
      prompts[#prompts + 1] = place
    elseif remains(place) then
      local left = make_room(step, list, request, function() return step:decode(request) end)
      preempted = preempted or left
    end
  end
  for _, place in ipairs(prompts) do
    local request = all[place]
    local tokens = math.min(request.remaining_prompt_tokens, budget - step.tokens)
    if remains(place) and tokens > 0 and not step:prefill(request, tokens) and step.tokens == 0 then
      local left = make_room(step, list, request, function() return step:prefill(request, tokens) end)
      preempted = preempted or left
    end
  end
  return preempted
end

-- Admits waiting requests in queue order, until one does not fit. `most` is how many may run in all.
function running.admit(instance, step, budget, most)
  local count = instance.running_count
  for _, request in ipairs(instance.waiting) do
    if count >= most or step.tokens >= budget then return end
    local left = request.remaining_prompt_tokens - instance:prefix_hit_tokens(request)
    if not step:can_allocate(request, left) then return end
    if not step:prefill(request, math.min(left, budget - step.tokens)) then return end
    count = count + 1
  end
end

return running
