-- Who can do what: instances of one role, and mixed ones, which do both.

local roles = {}

local function able(role, cluster)
  local list = {}
  table.move(cluster[role], 1, #cluster[role], 1, list)
  table.move(cluster.mixed, 1, #cluster.mixed, #list + 1, list)
  return list
end

-- Instances that compute prompts.
function roles.prefillers(cluster) return able("prefill", cluster) end

-- Instances that decode.
function roles.decoders(cluster) return able("decode", cluster) end

return roles
