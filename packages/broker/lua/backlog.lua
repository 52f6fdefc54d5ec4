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

-- A user may have as much, in all rooms together. Bytes by user are counted only while more than an eighth of the budget is in use, from
-- zero each time, so that publishing costs nothing more otherwise: a user can have up to an eighth besides.
local USER_SHARE, COUNTED_FROM = 1 / 4, 1 / 8

-- The user who sent a message; false when the body names none. The id is behind the content, within which quotes are escaped, and all that
-- follows it takes at most 222 characters.
local function user_of(body)
  local _, last = string.find(body, 'userId":', -240, true)
  if not last then _, last = string.find(body, 'userId":', 1, true) end
  return last and string.match(body, '^%d+', last + 1) or false
end
