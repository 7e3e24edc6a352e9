-- What a router knows of its instances without asking them: the requests that it sent and has not seen finish.
--
-- Call `send` when a request is routed, `first_token` and `finish` from the hooks of that name. Prompt tokens count
-- until the first token, less those that the prefix cache held when the request was sent.

local ledger = {}
ledger.__index = ledger

function ledger.new()
  return setmetatable({ requests = {}, prompt_tokens = {}, sent = {} }, ledger)
end

local function add(counts, id, amount)
  counts[id] = (counts[id] or 0) + amount
end

-- `decoder` is where it will decode when that is known already and is another instance; it counts there too.
function ledger:send(request, instance, decoder)
  local tokens = request.prompt_tokens - instance:prefix_hit_tokens(request)
  if decoder == instance then decoder = nil end
  self.sent[request.id] = {
    prefill = instance.id, decoder = decoder and decoder.id, tokens = tokens, stays = instance.role == "mixed",
  }
  add(self.requests, instance.id, 1)
  add(self.prompt_tokens, instance.id, tokens)
  if decoder then add(self.requests, decoder.id, 1) end
end

-- Its prompt is done: a prefill instance is rid of it.
function ledger:first_token(request)
  local entry = self.sent[request.id]
  if not entry or entry.prefilled then return end -- after a preemption it may come a second time
  entry.prefilled = true
  add(self.prompt_tokens, entry.prefill, -entry.tokens)
  if not entry.stays then add(self.requests, entry.prefill, -1) end
end

-- It decodes there now.
function ledger:moved(request, decoder)
  local entry = self.sent[request.id]
  if not entry or entry.decoder == decoder.id then return end
  if entry.decoder then add(self.requests, entry.decoder, -1) end
  entry.decoder = decoder.id
  add(self.requests, decoder.id, 1)
end

function ledger:finish(request)
  local entry = self.sent[request.id]
  if not entry then return end
  self:first_token(request)
  if entry.stays then add(self.requests, entry.prefill, -1) end
  if entry.decoder then add(self.requests, entry.decoder, -1) end
  self.sent[request.id] = nil
end

-- Requests under way at an instance.
function ledger:active(instance)
  return self.requests[instance.id] or 0
end

-- Prompt tokens under way at an instance.
function ledger:tokens(instance)
  return self.prompt_tokens[instance.id] or 0
end

return ledger
