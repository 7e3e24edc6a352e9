@testable import Engine

/// A policy that reads every field of every view into a checksum and decides by dice.
///
/// A field that would be a moment behind, in one way of counting and not in the other, changes the checksum and with it
/// all later decisions.
enum ChaosPolicy {
  static let source = """
    local sum = 0
    local function mix(v)
      local t = type(v)
      if t == "boolean" then v = v and 1 or 0 elseif t == "string" then v = #v elseif t == "nil" then v = -3 end
      if math.type(v) == "float" then v = math.floor(v * 1000003) end
      sum = (sum * 1000003 + v) & 0x7fffffffffff
    end
    local instance_fields = { "state", "busy", "waiting_count", "running_count", "waiting_prompt_tokens",
      "running_context_tokens", "inflight", "kv_used_tokens", "kv_reserved_tokens", "kv_free_tokens",
      "cached_tokens", "transfers_in", "transfers_out", "kv_waiting_count", "step_ms", "free_at_s", "kv_usage", "id" }
    local request_fields = { "id", "stage", "arrival_s", "prompt_tokens", "cached_tokens", "computed_tokens",
      "remaining_prompt_tokens", "generated_tokens", "context_tokens", "predicted_output_tokens", "kv_bytes",
      "turn", "deferrals", "preemptions", "waited_s", "session_id" }
    local prefix_fields = { "blocks", "tokens", "start_tokens", "hits", "freed_s", "idle_s" }
    local function look(view, fields)
      for i = 1, #fields do mix(view[fields[i]]) end
    end
    local function look_around(cluster, request)
      mix(cluster.now_s)
      mix(cluster.gateway_waiting)
      for _, instance in ipairs(cluster.instances) do
        look(instance, instance_fields)
        for _, r in ipairs(instance.waiting) do look(r, request_fields) end
        for _, r in ipairs(instance.running) do look(r, request_fields) end
        if request then
          mix(instance:prefix_hit_tokens(request))
          mix(instance:estimate_prefill_s(request))
        end
        mix(instance:estimate_step_s { prefill_tokens = 3, decode_seqs = 2, context_tokens = 50 })
      end
      if request then look(request, request_fields) end
    end
    local dice = math.random
    -- Moves somebody somewhere, if it can be.
    local function move(cluster)
      local all = cluster.instances
      local running = all[dice(#all)].running
      if dice(3) > 1 or #running == 0 then return end
      local request, to = running[dice(#running)], all[dice(#all)]
      local done, why = cluster:migrate(request, to)
      mix(done)
      mix(why)
      done, why = cluster:replicate(request, all[dice(#all)], all[dice(#all)])
      mix(done)
      mix(why)
      mix(request.migrating_to and request.migrating_to.id)
      look(to, instance_fields)
    end
    local batches = BATCHES
    return {
      api = 1, name = "chaos", version = "1",
      every_iteration = EVERY,
      gateway_scan = SCAN,
      admit = ADMITS and function(request, cluster)
        look_around(cluster, request)
        local d = dice(20)
        if d == 1 then return false, "dice" end
        if d <= 4 then return "defer", dice(50) * 1e-6 end
        return true
      end or nil,
      route = function(request, candidates, cluster)
        look_around(cluster, request)
        if dice(5) == 1 then
          for _, c in ipairs(cluster.instances) do if c.inflight > 0 then return nil end end
        end
        local chosen = candidates[dice(#candidates)]
        if request.stage == "decode" then
          local d = dice(6)
          -- Outputs are of 60 tokens at most.
          local capacity = request.instance.kv_capacity_tokens
          if d == 1 and request.prompt_tokens + 60 <= math.min(capacity, request.instance.max_num_batched_tokens) then
            return request.instance, "stay"
          end
          if d == 2 then return chosen, "recompute" end
        end
        if request.stage == "prefill" and chosen.role == "prefill" and #cluster.decode > 0 and dice(8) == 1 then
          local second = cluster.decode[dice(#cluster.decode)]
          if second.state == "up" then return chosen, second end
        end
        return chosen
      end,
      preempt = VICTIMS and function(instance, candidates, needed, cluster)
        look_around(cluster, candidates[1])
        mix(instance.id)
        mix(needed)
        local d = dice(#candidates + 1)
        return candidates[d]
      end or nil,
      evict = EVICTS and function(instance, candidates, needed, cluster)
        look_around(cluster)
        mix(instance.id)
        mix(needed)
        for i = 1, #candidates do look(candidates[i], prefix_fields) end
        return candidates[dice(#candidates + 1)]
      end or nil,
      tick_interval_s = 0.001,
      tick = function(cluster) look_around(cluster); move(cluster) end,
      on_reject = function(request, cluster) look_around(cluster, request) end,
      on_preempt = function(request, cluster) look_around(cluster, request) end,
      on_transfer = function(request, cluster) look_around(cluster, request); move(cluster) end,
      on_instance_down = function(instance, requests, cluster)
        look_around(cluster, requests[1])
        assert(instance.state == "down" and instance.inflight == 0)
        mix(#requests)
        move(cluster)
        local d = dice(4)
        if d == 1 then return "reject", "dice" end
        if d == 2 then
          local some = {}
          for i = 1, #requests do if dice(2) == 1 then some[#some + 1] = requests[i] end end
          return some
        end
        return d == 3 and "retry" or nil
      end,
      on_instance_up = function(instance, cluster) look_around(cluster); mix(instance.id); move(cluster) end,
      batch = batches and function(instance, step, cluster)
        look_around(cluster)
        if dice(4) == 1 then
          return { max_num_seqs = dice(8), max_num_batched_tokens = 16 * dice(8),
            order = ({ "fcfs", "sjf" })[dice(2)], prefill_first = dice(2) == 1 }
        end
        local running = instance.running
        for i = 1, #running do
          local r = running[i]
          if dice(10) > 1 then
            if r.remaining_prompt_tokens == 0 then mix(step:decode(r))
            else mix(step:prefill(r, dice(r.remaining_prompt_tokens))) end
          elseif dice(8) == 1 then
            mix(step:preempt(r, "recompute"))
          end
          mix(step.tokens)
        end
        local waiting = instance.waiting
        for i = 1, #waiting do
          if dice(3) > 1 then
            local left = waiting[i].remaining_prompt_tokens - instance:prefix_hit_tokens(waiting[i])
            mix(step:prefill(waiting[i], math.max(1, left)))
          end
        end
        if step.seqs == 0 then
          step:decode_all()
          for i = 1, #running do
            if step.seqs == 0 and running[i].remaining_prompt_tokens > 0 then step:prefill(running[i], 1) end
          end
          for i = 1, #waiting do
            if step.seqs == 0 then
              local left = waiting[i].remaining_prompt_tokens - instance:prefix_hit_tokens(waiting[i])
              step:prefill(waiting[i], math.max(1, math.min(left, step.budget)))
            end
          end
          if step.seqs == 0 and #running > 0 then step:preempt(running[#running], "recompute") end
        end
      end or nil,
      on_first_token = function(request, cluster) look_around(cluster, request); move(cluster) end,
      on_finish = function(request, cluster) look_around(cluster, request); move(cluster) end,
      done = function(_, cluster) look_around(cluster); return { sum = sum } end,
    }
    """

  static func text(
    admits: Bool, batches: Bool, every: Bool, scan: Bool, victims: Bool, evicts: Bool
  )
    -> String
  {
    source.replacing("EVICTS", with: "\(evicts)").replacing("VICTIMS", with: "\(victims)")
      .replacing("BATCHES", with: "\(batches)")
      .replacing("EVERY", with: "\(every)")
      .replacing("SCAN", with: "\(scan)").replacing("ADMITS", with: "\(admits)")
  }
}
