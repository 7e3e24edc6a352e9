-- Static batching, as FasterTransformer had it (https://github.com/NVIDIA/FasterTransformer): a batch is formed once,
-- and the next when all of it is done.
--
-- Requests that finish early leave their places empty, and those that come meanwhile wait for the longest output: the
-- baseline of Orca, which shows what iteration-level scheduling is worth. Prompts of a batch are all computed before
-- its first decode.
--
-- Simplified: finished requests leave, so an iteration costs what the remaining ones do; FasterTransformer computes
-- padding. On a decode instance requests join when their KV cache arrives, as they are admitted by then.

local running = require "running"

local forming = {} -- by instance: is its batch still being put together?

local function continue_prompts(instance, step)
  for _, request in ipairs(instance.running) do
    local left = request.remaining_prompt_tokens
    local room = step.budget - step.tokens
    if left > 0 and room > 0 then step:prefill(request, math.min(left, room)) end
  end
end

---@type simhost.Policy
return {
  api = 1,
  name = "static",
  version = "1.0.0",
  description = "Static batches: the next is formed when the last request of this one is done.",
  params = {
    batch_size = { type = "integer", default = 16, min = 1, help = "most requests of a batch" },
  },

  batch = function(instance, step, cluster)
    if instance.running_count == 0 then forming[instance.id] = true end
    continue_prompts(instance, step)
    if forming[instance.id] then running.admit(instance, step, step.budget, cluster.params.batch_size) end
    if step.tokens > 0 then return end
    forming[instance.id] = false
    running.continue(instance, step, step.budget)
  end,
}
