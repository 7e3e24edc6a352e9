-- A radix tree: which owners have seen which beginnings of sequences, and when they saw them last. Routers guess with
-- it what each instance has cached, from the prompts that they sent there.
--
-- A sequence is an array of keys, such as the ids of a prompt's blocks or tokens; an edge holds a run of them. As in
-- the tree of SGLang's gateway (https://github.com/sgl-project/sglang, sgl-router/src/tree.rs) each node knows its
-- owners, an owner's size is the keys of all its nodes, and what an owner saw longest ago leaves first, from the ends
-- inwards.

local heap = require "heap"

local radix_tree = {}
radix_tree.__index = radix_tree

function radix_tree.new()
  return setmetatable({ root = { keys = {}, children = {}, seen = {} }, sizes = {}, clock = 0 }, radix_tree)
end

-- How many keys of the node's run come next in the sequence, from place `at` on.
local function common(node, sequence, at)
  local keys, count = node.keys, 0
  while count < #keys and keys[count + 1] == sequence[at + count] do count = count + 1 end
  return count
end

-- Splits a node behind its first `count` keys: a new node takes its place, and it hangs below with the rest.
local function split(node, count)
  local parent = node.parent
  local upper = { keys = {}, children = {}, seen = {}, parent = parent }
  local rest = {}
  for i = 1, #node.keys do
    if i <= count then upper.keys[i] = node.keys[i] else rest[i - count] = node.keys[i] end
  end
  for owner, time in pairs(node.seen) do upper.seen[owner] = time end
  parent.children[upper.keys[1]] = upper
  upper.children[rest[1]] = node
  node.keys, node.parent = rest, upper
  return upper
end

local function mark(tree, node, owner)
  if not node.seen[owner] then tree.sizes[owner] = (tree.sizes[owner] or 0) + #node.keys end
  node.seen[owner] = tree.clock
end

-- Enters that an owner, a number or a string, has seen a sequence.
function radix_tree:insert(sequence, owner)
  self.clock = self.clock + 1
  local node, at = self.root, 1
  while at <= #sequence do
    local child = node.children[sequence[at]]
    if not child then
      child = { keys = table.move(sequence, at, #sequence, 1, {}), children = {}, seen = {}, parent = node }
      node.children[sequence[at]] = child
    else
      local count = common(child, sequence, at)
      if count < #child.keys then child = split(child, count) end
    end
    mark(self, child, owner)
    node, at = child, at + #child.keys
  end
end

-- How many keys of a sequence anybody has seen from its beginning on, and the owner that saw as many last; nil is none.
function radix_tree:match(sequence)
  local node, at = self.root, 1
  while at <= #sequence do
    local child = node.children[sequence[at]]
    if not child then break end
    node = child
    local count = common(child, sequence, at)
    at = at + count
    if count < #child.keys then break end
  end
  local best, latest
  for owner, time in pairs(node.seen) do
    if not best or time > latest then best, latest = owner, time end
  end
  return at - 1, best
end

-- How many keys of a sequence this owner has seen.
function radix_tree:match_of(owner, sequence)
  local node, at = self.root, 1
  while at <= #sequence do
    node = node.children[sequence[at]]
    if not node or not node.seen[owner] then break end
    local count = common(node, sequence, at)
    at = at + count
    if count < #node.keys then break end
  end
  return at - 1
end

-- Keys that are held for an owner.
function radix_tree:size(owner)
  return self.sizes[owner] or 0
end

-- Is this node the end of what the owner has seen?
local function is_end(node, owner)
  for _, child in pairs(node.children) do
    if child.seen[owner] then return false end
  end
  return node.parent ~= nil
end

-- Forgets that the owner has seen a node that is an end; nodes of nobody go.
local function forget(tree, node, owner)
  node.seen[owner] = nil
  tree.sizes[owner] = tree.sizes[owner] - #node.keys
  if next(node.seen) == nil then node.parent.children[node.keys[1]] = nil end
end

-- Forgets what an owner saw longest ago, until at most `limit` keys are held for it. Takes time in proportion to its
-- nodes: call it now and then.
function radix_tree:evict(owner, limit)
  if self:size(owner) <= limit then return end
  local ends = heap.new()
  local stack = { self.root }
  while #stack > 0 do
    local node = table.remove(stack)
    if is_end(node, owner) then ends:push(node.seen[owner], node) end
    for _, child in pairs(node.children) do
      if child.seen[owner] then stack[#stack + 1] = child end
    end
  end
  while self:size(owner) > limit do
    local _, node = ends:pop()
    local parent = node.parent
    forget(self, node, owner)
    if is_end(parent, owner) then ends:push(parent.seen[owner], parent) end
  end
end

-- Forgets an owner, such as an instance that has lost its cache.
function radix_tree:remove(owner)
  self:evict(owner, 0)
  self.sizes[owner] = nil
end

return radix_tree
