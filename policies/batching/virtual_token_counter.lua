-- Fairness between tenants by virtual token counters (Sheng et al., OSDI 2024, https://arxiv.org/abs/2401.00588,
-- section 4).
--
-- Each tenant has a counter of the service that it got: `input_weight` for a prompt token, `output_weight` for a
-- generated one. The next request to be admitted is the oldest of the tenant with the least. A tenant that comes back
-- is lifted to the others, so that nobody saves up service while away. A tenant that floods the queue waits behind
-- itself only.
--
-- Simplified: counters hold for all instances together; generated tokens are counted when a batch is next formed.

local running = require "running"

local counters = {} -- by tenant
local waited = {} -- by tenant: did it have requests in some queue at the last look?
local last_left = 0 -- counter of the tenant whose queue was the last to run empty

local function name(request) return request.tenant or "" end

local function charge(request, tokens)
  counters[name(request)] = (counters[name(request)] or 0) + tokens
end

-- Charges running requests for what they have generated since the last time.
local function charge_outputs(instance, weight)
  for _, request in ipairs(instance.running) do
    local counted = request.data.vtc_generated or 0
    if request.generated_tokens > counted then
      charge(request, weight * (request.generated_tokens - counted))
      request.data.vtc_generated = request.generated_tokens
    end
  end
end

-- Queues by tenant, each in order of arrival; tenants in order of their first request.
local function queues(instance)
  local order, by_tenant = {}, {}
  for _, request in ipairs(instance.waiting) do
    local tenant = name(request)
    if not by_tenant[tenant] then
      by_tenant[tenant] = { first = 1 }
      order[#order + 1] = tenant
    end
    table.insert(by_tenant[tenant], request)
  end
  return order, by_tenant
end

-- Lifts tenants that had nothing waiting to the least of those that had, or to who left last when none had.
local function lift(order)
  local least
  for _, tenant in ipairs(order) do
    if waited[tenant] then least = math.min(least or math.huge, counters[tenant] or 0) end
  end
  for _, tenant in ipairs(order) do
    if not waited[tenant] then counters[tenant] = math.max(counters[tenant] or 0, least or last_left) end
    waited[tenant] = true
  end
end

---@type simhost.Policy
return {
  api = 1,
  name = "virtual_token_counter",
  version = "1.0.0",
  description = "Fair shares for tenants by virtual token counters.",
  params = {
    input_weight = { type = "number", default = 1, min = 0, help = "service of a prompt token" },
    output_weight = { type = "number", default = 2, min = 0, help = "service of a generated token" },
  },

  batch = function(instance, step, cluster)
    local params = cluster.params
    charge_outputs(instance, params.output_weight)
    local order, by_tenant = queues(instance)
    lift(order)
    if running.continue(instance, step, step.budget) then return end

    local room = instance.max_num_seqs - instance.running_count
    while #order > 0 and room > 0 and step.tokens < step.budget do
      local place = 1
      for i = 2, #order do
        if counters[order[i]] < counters[order[place]] then place = i end
      end
      local queue = by_tenant[order[place]]
      local request = queue[queue.first]
      local left = request.remaining_prompt_tokens - instance:prefix_hit_tokens(request)
      if not step:can_allocate(request, left) then return end
      if not step:prefill(request, math.min(left, step.budget - step.tokens)) then return end
      -- Charged once, for the whole prompt, also when it comes back after a preemption.
      if not request.data.vtc_admitted then
        request.data.vtc_admitted = true
        charge(request, params.input_weight * request.prompt_tokens)
      end
      room = room - 1
      queue.first = queue.first + 1
      if queue.first > #queue then
        last_left = counters[order[place]]
        waited[order[place]] = nil
        table.remove(order, place)
      end
    end
  end,
}
