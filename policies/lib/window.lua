-- A sum over the last so many seconds: of requests, of tokens, of whatever is added.
--
--   local w = window.new(60)
--   w:add(now, 1)
--   w:sum(now) / w.length_s   -- a rate
--
-- What is older than the window is dropped when it is next looked at; each entry is visited twice in all.

local window = {}
window.__index = window

function window.new(length_s)
  return setmetatable({ length_s = length_s, first = 1, last = 0, times = {}, values = {}, total = 0 }, window)
end

-- Times must not go backwards.
function window:add(now_s, value)
  self.last = self.last + 1
  self.times[self.last], self.values[self.last] = now_s, value
  self.total = self.total + value
end

function window:sum(now_s)
  while self.first <= self.last and self.times[self.first] <= now_s - self.length_s do
    self.total = self.total - self.values[self.first]
    self.times[self.first], self.values[self.first] = nil, nil
    self.first = self.first + 1
  end
  if self.first > self.last then self.total = 0 end -- no rounding errors are left behind
  return self.total
end

return window
