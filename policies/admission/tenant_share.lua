-- Fair shares for tenants at the door: while the cluster is busy, a tenant that had more than its share is turned away.
--
-- A share is what all tenants of the last `window_s` seconds brought, in tokens, by their number, times `slack`. Nobody
-- is turned away while fewer than `busy_tokens` prompt tokens wait for each instance: a lone tenant may use all of an
-- idle cluster. Prompt tokens count when a request is admitted, generated ones when it is finished.

local window = require "window"

local used = {} -- by tenant: tokens of the last seconds
local names = {} -- tenants in order of their first request

local function name(request) return request.tenant or "" end

local function add(request, tokens, cluster)
  local tenant = name(request)
  if not used[tenant] then
    used[tenant] = window.new(cluster.params.window_s)
    names[#names + 1] = tenant
  end
  used[tenant]:add(cluster.now_s, tokens)
end

local function is_busy(cluster)
  local waiting, count = 0, 0
  for _, instance in ipairs(cluster.instances) do
    if instance.role ~= "decode" then
      waiting = waiting + instance.waiting_prompt_tokens
      count = count + 1
    end
  end
  return waiting >= cluster.params.busy_tokens * count
end

---@type simhost.Policy
return {
  api = 1,
  name = "tenant_share",
  version = "1.0.0",
  description = "While it is busy, reject tenants that had more than their share.",
  params = {
    window_s = { type = "number", default = 60, min = 0.001, help = "seconds over which shares are counted" },
    slack = { type = "number", default = 1.2, min = 0, help = "times its fair share that a tenant may have" },
    busy_tokens = { type = "integer", default = 4096, min = 0, help = "waiting prompt tokens of a busy instance" },
  },

  admit = function(request, cluster)
    if is_busy(cluster) then
      local total, active = 0, 0
      for _, tenant in ipairs(names) do
        local tokens = used[tenant]:sum(cluster.now_s)
        total = total + tokens
        if tokens > 0 then active = active + 1 end
      end
      local own = used[name(request)] and used[name(request)]:sum(cluster.now_s) or 0
      if own > 0 and own > cluster.params.slack * total / active then return false, "more than its share" end
    end
    add(request, request.prompt_tokens, cluster)
    return true
  end,

  on_finish = function(request, cluster)
    add(request, request.generated_tokens, cluster)
  end,
}
