-- Ways to pick one item when each has a score (more is better) or a cost (less is better).
--
-- The first three are the pickers of the llm-d router (https://github.com/llm-d/llm-d-inference-scheduler), the last is
-- the softmax of Dynamo's KV router (https://github.com/ai-dynamo/dynamo, lib/kv-router).

local pickers = {}

-- The highest score; one of the equals at random.
function pickers.max_score(items, scores)
  local best, equals
  for i = 1, #items do
    if not best or scores[i] > scores[best] then
      best, equals = i, 1
    elseif scores[i] == scores[best] then
      equals = equals + 1
      if math.random(equals) == 1 then best = i end
    end
  end
  return best and items[best]
end

-- Any, whatever the scores.
function pickers.random(items)
  return sim.choice(items)
end

-- Each with a chance in proportion to its score (A-Res: the largest of u^(1/score) wins). Items that score nothing are
-- picked only when none scores more.
function pickers.weighted_random(items, scores)
  local best, best_key
  for i = 1, #items do
    -- In logarithms, so that small scores do not all round to the same key.
    local key = scores[i] > 0 and math.log(1 - math.random()) / scores[i] or -math.huge
    if not best or key > best_key then best, best_key = items[i], key end
  end
  if best_key == -math.huge then return sim.choice(items) end
  return best
end

-- The least cost at temperature 0, else each with weight exp(-(cost - least) / ((most - least) * temperature)).
function pickers.softmin(items, costs, temperature)
  if #items == 0 then return nil end
  local least, most = math.huge, -math.huge
  for i = 1, #items do
    least, most = math.min(least, costs[i]), math.max(most, costs[i])
  end
  local weights, sum = {}, 0
  for i = 1, #items do
    if temperature > 0 and most > least then
      weights[i] = math.exp(-(costs[i] - least) / ((most - least) * temperature))
    else
      weights[i] = costs[i] == least and 1 or 0
    end
    sum = sum + weights[i]
  end
  local mark = math.random() * sum
  local last
  for i = 1, #items do
    if weights[i] > 0 then
      last = items[i]
      mark = mark - weights[i]
      if mark < 0 then break end
    end
  end
  return last
end

return pickers
