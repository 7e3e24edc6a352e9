-- Consistent hashing: a key always finds the same node, and when nodes come or go, few keys move.
--
-- Each node has `points` places on a ring of 2^32; a key belongs to the first place at or after its own hash. More
-- points share keys more evenly (Karger et al. 1997, https://doi.org/10.1145/258533.258660).

local hash_ring = {}
hash_ring.__index = hash_ring

-- FNV-1a, then the last mixing steps of MurmurHash3: alone, FNV puts similar names side by side on the ring.
function hash_ring.hash(text)
  local h = 2166136261
  for i = 1, #text do h = ((h ~ text:byte(i)) * 16777619) & 0xffffffff end
  h = ((h ~ (h >> 16)) * 0x85ebca6b) & 0xffffffff
  h = ((h ~ (h >> 13)) * 0xc2b2ae35) & 0xffffffff
  return h ~ (h >> 16)
end

-- `names` is an array of texts; `points` places for each, 100 unless given.
function hash_ring.new(names, points)
  local ring = {}
  for i = 1, #names do
    for point = 1, points or 100 do
      ring[#ring + 1] = { at = hash_ring.hash(names[i] .. "#" .. point), name = names[i] }
    end
  end
  table.sort(ring, function(a, b)
    if a.at ~= b.at then return a.at < b.at end
    return a.name < b.name
  end)
  return setmetatable({ ring = ring }, hash_ring)
end

-- The name of the node that a key belongs to; nil without nodes. With `usable`, a function of a name, nodes that it
-- refuses are passed over, so that only their keys move.
function hash_ring:find(key, usable)
  local ring = self.ring
  local at = hash_ring.hash(key)
  local low, high = 1, #ring + 1
  while low < high do
    local middle = (low + high) // 2
    if ring[middle].at < at then low = middle + 1 else high = middle end
  end
  for step = 0, #ring - 1 do
    local name = ring[(low - 1 + step) % #ring + 1].name
    if not usable or usable(name) then return name end
  end
  return nil
end

return hash_ring
