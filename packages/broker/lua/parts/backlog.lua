-- The budget of messages that wait to be archived.

-- Bytes that one message counts: about what Redis needs beside its body. `backlog-cost.ts` computes the same figure.
local function cost_of(body)
  return #body + 128
end

-- While more than half of the budget is in use, a room may use a quarter of it, where each of its messages counts as
-- much as the next one; fewer waiting messages than this are always allowed.
local CROWD, ROOM_SHARE = 128, 1 / 4

local function is_crowded(messages, cost, waiting, budget)
  return waiting * 2 > budget and messages >= CROWD and messages * cost > budget * ROOM_SHARE
end

-- A user may use that share, too, in all rooms together. Bytes by user are counted only while more than an eighth of
-- the budget is in use, from zero each time, so that publishing costs nothing extra otherwise: a user can exceed the
-- share by up to an eighth.
local USER_SHARE, COUNTED_FROM = 1 / 4, 1 / 8

-- Returns the user who sent an entry; false if the body names none. The id follows the content, within which quotes are
-- escaped. At most 222 characters follow the id, or more that end with an object, which may hold the same name.
local function user_of(body)
  local _, last = string.find(body, 'userId":', string.sub(body, -2) == '}}' and 1 or -240, true)
  if not last then _, last = string.find(body, 'userId":', 1, true) end
  return last and string.match(body, '^%d+', last + 1) or false
end
