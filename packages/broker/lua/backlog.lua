-- What counts for the budget of messages that wait to be archived.

-- Bytes of one message: what Redis needs beside its body is about this much. `backlog-cost.ts` counts the same.
local function cost_of(body)
  return #body + 128
end

-- While more than half of the budget is in use a room may have a quarter of it, its messages taken to be as large as the
-- next one; fewer messages than this are always allowed.
local CROWD, ROOM_SHARE = 128, 1 / 4

local function is_crowded(messages, cost, waiting, budget)
  return waiting * 2 > budget and messages >= CROWD and messages * cost > budget * ROOM_SHARE
end
