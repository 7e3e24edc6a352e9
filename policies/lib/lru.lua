-- Order of last use, as a linked list: touching and dropping take the same time however many keys there are.

local lru = {}
lru.__index = lru

function lru.new()
  local ends = {} -- its next is the oldest, its previous the newest
  ends.next, ends.previous = ends, ends
  return setmetatable({ ends = ends, links = {}, size = 0 }, lru)
end

local function unlink(link)
  link.previous.next, link.next.previous = link.next, link.previous
end

-- Makes a key the newest; `value` is kept with it.
function lru:touch(key, value)
  local link = self.links[key]
  if link then
    unlink(link)
  else
    link = { key = key }
    self.links[key] = link
    self.size = self.size + 1
  end
  if value ~= nil then link.value = value end
  local newest = self.ends.previous
  link.previous, link.next = newest, self.ends
  newest.next, self.ends.previous = link, link
end

-- The value of a key, whose place does not change; nil when it is not there.
function lru:get(key)
  local link = self.links[key]
  return link and link.value
end

function lru:remove(key)
  local link = self.links[key]
  if not link then return end
  unlink(link)
  self.links[key] = nil
  self.size = self.size - 1
end

-- The key that was not used for longest, and its value; nil when empty.
function lru:oldest()
  local link = self.ends.next
  return link.key, link.value
end

-- Keys from the oldest to the newest.
function lru:keys()
  local list, link = {}, self.ends.next
  while link ~= self.ends do
    list[#list + 1] = link.key
    link = link.next
  end
  return list
end

return lru
