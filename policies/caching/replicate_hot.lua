-- Copies hot prefixes to other instances, as Mooncake does with hot blocks (https://arxiv.org/abs/2407.00079, 6.2).
--
-- A prompt that was mostly cached where it was computed, while that instance has a longer queue than another, is a
-- prefix that its one instance cannot serve alone. It is copied to the instance with the shortest queue, once it has
-- been hit `hits` times there; from then on an affinity router finds it on both.
--
-- Mooncake copies when a scheduler prefers another instance to the one with the longest hit, on that request's path;
-- here the copy is made for those that follow. The bounds are guesses. Beside a router that looks at caches:
--   --policy policies/prefix_affinity.lua --policy policies/caching/replicate_hot.lua

local counts = {}

---@type simhost.Policy
return {
  api = 1,
  name = "replicate_hot",
  version = "1.0.0",
  description = "Copies a prefix that is hit again and again on a busy instance to the idlest one.",
  params = {
    worth = { type = "number", default = 0.3, min = 0, max = 1, help = "fraction of a prompt that was cached" },
    hits = { type = "integer", default = 1, min = 1, help = "hits in a row on one instance before a copy is made" },
    ahead = { type = "integer", default = 1, min = 0, help = "requests more than the idlest instance has" },
  },

  on_first_token = function(request, cluster)
    local params, home = cluster.params, request.prefill_instance
    if request.cached_tokens < params.worth * request.prompt_tokens then
      counts[home.id] = 0
      return
    end
    counts[home.id] = (counts[home.id] or 0) + 1
    if counts[home.id] < params.hits then return end
    local best
    for _, instance in ipairs(cluster.instances) do
      if instance.role ~= "decode" and instance.state == "up" and (not best or instance.inflight < best.inflight) then
        best = instance
      end
    end
    if not best or home.inflight < best.inflight + params.ahead then return end
    if cluster:replicate(request, home, best) then counts[home.id] = 0 end
  end,
}
