-- Orca's iteration-level scheduling (https://www.usenix.org/conference/osdi22/presentation/yu, Algorithm 1).
--
-- Requests join and leave between iterations: every iteration takes requests in order of arrival up to `batch_size`,
-- prompts whole, together with the decodes of the others. A request is admitted only when KV memory for its longest
-- possible output is free, counting what those admitted before may still need, so that nothing has to be preempted.
--
-- Simplified: the longest output is `max_output`, the same for all. A prompt longer than an iteration's budget is cut,
-- and an output longer than `max_output`, or a KV cache that comes from a prefill instance, may still end in a
-- preemption.

local running = require "running"

-- Tokens of KV that a request may still ask for.
local function need(request, max_output)
  return request.remaining_prompt_tokens + math.max(0, max_output - request.generated_tokens)
end

---@type simhost.Policy
return {
  api = 1,
  name = "orca",
  version = "1.0.0",
  description = "Orca: whole prompts and decodes in one batch, memory reserved for the longest output.",
  params = {
    batch_size = { type = "integer", default = 64, min = 1, help = "most requests of an instance's batch" },
    max_output = { type = "integer", default = 1024, min = 1, help = "output tokens that memory is reserved for" },
  },

  batch = function(instance, step, cluster)
    local params = cluster.params
    local free, promised = instance.kv_free_tokens, 0
    local prompts = false -- does the step hold one already?
    for _, request in ipairs(instance.running) do
      promised = promised + need(request, params.max_output)
      prompts = prompts or request.remaining_prompt_tokens > 0
    end
    if running.continue(instance, step, step.budget) then return end

    local count = instance.running_count
    for _, request in ipairs(instance.waiting) do
      local left = request.remaining_prompt_tokens - instance:prefix_hit_tokens(request)
      local room = step.budget - step.tokens
      if count >= params.batch_size or room <= 0 then return end
      if left > room and prompts then return end -- whole, in an iteration to come
      promised = promised + need(request, params.max_output)
      -- One that is alone is let in whatever it may need.
      if count > 0 and promised > free then return end
      if not step:prefill(request, math.min(left, room)) then return end
      count, prompts = count + 1, true
    end
  end,
}
