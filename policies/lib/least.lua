-- The item of a list with the least cost.

local least = {}

-- The first of equals; nil when the list is empty. Also answers the cost.
function least.first(list, cost)
  local best, best_cost
  for i = 1, #list do
    local this = cost(list[i])
    if not best or this < best_cost then best, best_cost = list[i], this end
  end
  return best, best_cost
end

-- One of the equals at random, as routers do that must not send everybody to the first.
function least.any(list, cost)
  local best, best_cost, equals
  for i = 1, #list do
    local this = cost(list[i])
    if not best or this < best_cost then
      best, best_cost, equals = list[i], this, 1
    elseif this == best_cost then
      equals = equals + 1
      if math.random(equals) == 1 then best = list[i] end -- each of them with the same chance
    end
  end
  return best, best_cost
end

return least
