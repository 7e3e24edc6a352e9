-- A binary heap: the item with the least key comes out first, equals in the order in which they went in.

local heap = {}
heap.__index = heap

function heap.new()
  return setmetatable({ size = 0, pushed = 0, entries = {} }, heap)
end

local function before(a, b)
  return a.key < b.key or (a.key == b.key and a.order < b.order)
end

function heap:push(key, item)
  self.size, self.pushed = self.size + 1, self.pushed + 1
  local entries, place = self.entries, self.size
  local entry = { key = key, item = item, order = self.pushed }
  while place > 1 do
    local parent = entries[place // 2]
    if not before(entry, parent) then break end
    entries[place] = parent
    place = place // 2
  end
  entries[place] = entry
end

-- The least key and its item, which stay; nil when empty.
function heap:peek()
  local entry = self.entries[1]
  if entry then return entry.key, entry.item end
end

-- Takes the item with the least key out; nil when empty. Answers the key and the item.
function heap:pop()
  local entries, size = self.entries, self.size
  if size == 0 then return nil end
  local top, entry = entries[1], entries[size]
  entries[size] = nil
  self.size = size - 1
  if size > 1 then
    local place = 1
    while true do
      local child = place * 2
      if child >= size then break end
      if child + 1 < size and before(entries[child + 1], entries[child]) then child = child + 1 end
      if not before(entries[child], entry) then break end
      entries[place] = entries[child]
      place = child
    end
    entries[place] = entry
  end
  return top.key, top.item
end

return heap
