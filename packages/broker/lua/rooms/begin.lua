-- Marks rooms as changing. A room's time always increases, also within one millisecond: settle.lua detects by it
-- whether another change has begun.
--
-- KEYS    1: sorted set of pending changes
-- ARGV    room ids
-- reply   number of rooms

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
for _, room in ipairs(ARGV) do
  local before = tonumber(redis.call('ZSCORE', KEYS[1], room) or 0)
  redis.call('ZADD', KEYS[1], string.format('%.3f', math.max(now, before + 0.001)), room)
end
return #ARGV
