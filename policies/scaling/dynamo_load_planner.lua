-- The load mode of NVIDIA Dynamo's planner (https://docs.nvidia.com/dynamo/, planner): every 5 s, for prefill and for
-- decode, one engine more when the estimate of ALL engines is above its target, one less when all are below
-- `sensitivity` times the target, and nothing while a change is under way.
--
-- The estimates are how long what is queued on a prefill engine takes (its TTFT), and how long an iteration of a decode
-- engine takes (its ITL). Dynamo regresses them on what it has measured, over up to 64 samples.
--
-- Simplified: the engine's own cost model takes the regression's place. Engines to start are those of the cluster file
-- with "standby", and those that were stopped.

local function ttft(instance)
  local budget = instance.max_num_batched_tokens
  local tokens = instance.waiting_prompt_tokens
  local full = tokens // budget
  local time = full > 0 and full * instance:estimate_step_s { prefill_tokens = budget } or 0
  local rest = tokens - full * budget
  if rest > 0 then time = time + instance:estimate_step_s { prefill_tokens = rest } end
  return time
end

local function itl(instance)
  if instance.running_count == 0 then return 0 end
  return instance:estimate_step_s {
    decode_seqs = instance.running_count, context_tokens = instance.running_context_tokens,
  }
end

local function plan(cluster, instances, estimate, target)
  local up, off = {}, {}
  local all_above, all_below = true, true
  for _, instance in ipairs(instances) do
    if instance.state == "up" then
      up[#up + 1] = instance
      local time = estimate(instance)
      all_above = all_above and time > target
      all_below = all_below and time < cluster.params.sensitivity * target
    elseif instance.state == "off" then
      off[#off + 1] = instance
    elseif instance.state ~= "down" then
      return
    end
  end
  if #up == 0 then return end
  if all_above and #off > 0 then
    cluster:add_instance(off[1])
  elseif all_below and #up > cluster.params.min_endpoint then
    cluster:remove_instance(cluster:argmin(up, "inflight"))
  end
end

---@type simhost.Policy
return {
  api = 1,
  name = "dynamo_load_planner",
  version = "1.0.0",
  description = "Dynamo's planner, load mode: an engine more when all are above target, one less when far below.",
  tick_interval_s = 5,
  params = {
    ttft_s = { type = "number", default = 0.5, min = 0.000001, help = "target of a prefill engine's queue" },
    itl_s = { type = "number", default = 0.05, min = 0.000001, help = "target of a decode engine's iteration" },
    sensitivity = { type = "number", default = 0.8, min = 0, max = 1, help = "share of the target that is far below" },
    min_endpoint = { type = "integer", default = 1, min = 1, help = "fewest engines of each kind" },
  },

  tick = function(cluster)
    plan(cluster, cluster.prefill, ttft, cluster.params.ttft_s)
    plan(cluster, cluster.decode, itl, cluster.params.itl_s)
  end,
}
