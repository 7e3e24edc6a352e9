-- Shortest remaining work first, by predicted output lengths.
--
-- Every iteration takes requests, running or waiting, in order of the work that they are expected to need still: prompt
-- tokens at `prefill_cost` each, and the output tokens that the run's predictor expects beyond those generated. When
-- memory is short, the running request with the most work left gives way. Mean completion time gets as short as the
-- predictions are good (Fu et al., https://arxiv.org/abs/2408.15792); long requests pay, and `aging` bounds by how
-- much.
--
-- Simplified: a request that has outlived its prediction counts as nearly done.

local heap = require "heap"

local function work(request, params)
  local output = math.max(1, request.predicted_output_tokens - request.generated_tokens)
  return request.remaining_prompt_tokens * params.prefill_cost + output - params.aging * request.waited_s
end

---@type simhost.Policy
return {
  api = 1,
  name = "shortest_remaining",
  version = "1.0.0",
  description = "Least predicted work left first, preempting the one with the most.",
  params = {
    prefill_cost = {
      type = "number", default = 0.5, min = 0,
      help = "work of a prompt token, in output tokens; the default is a guess",
    },
    aging = { type = "number", default = 0, min = 0, help = "output tokens that a second of waiting is worth" },
  },

  batch = function(instance, step, cluster)
    local params = cluster.params
    local order = heap.new() -- all requests, the least work first
    local victims = heap.new() -- running ones, the most work first
    local waits = {}
    for _, request in ipairs(instance.running) do
      local left = work(request, params)
      order:push(left, request)
      victims:push(-left, request)
    end
    for _, request in ipairs(instance.waiting) do
      order:push(work(request, params), request)
      waits[request.id] = true
    end

    local full = false -- nobody else is admitted once one had to wait
    local gone = {}
    while order.size > 0 and step.tokens < step.budget do
      local mine, request = order:pop()
      local left = request.remaining_prompt_tokens
      if waits[request.id] then left = left - instance:prefix_hit_tokens(request) end
      local function try()
        if left == 0 then return step:decode(request) end
        if waits[request.id] and not step:can_allocate(request, left) then return false, "no KV block" end
        return step:prefill(request, math.min(left, step.budget - step.tokens))
      end
      if not gone[request.id] and not (full and waits[request.id]) then
        local ok, why = try()
        while not ok and why == "no KV block" do
          local theirs, victim = victims:peek()
          -- Whoever has less work left keeps its memory.
          if not victim or -theirs <= mine then break end
          victims:pop()
          if step:preempt(victim, "recompute") then gone[victim.id] = true end
          ok, why = try()
        end
        if not ok then
          if waits[request.id] then
            full = true
          elseif why == "no KV block" and step.tokens == 0 and victims.size > 0 then
            -- It is the last one with memory to give, and needs more than is free: it starts again later.
            step:preempt(request, "recompute")
          end
        end
      end
    end
  end,
}
