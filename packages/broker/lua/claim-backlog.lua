-- Takes rooms that wait to be archived, those that wait longest first.
--
-- KEYS    1: state; 2: rooms that wait to be archived; 3: rooms with messages that become too old; 4: what is
--         stored; 5: what users have of the budget
-- ARGV    1: most rooms; 2: milliseconds for which nobody else gets them
-- reply   per room two: its id, and the id `<epoch>-<seq>` up to which it is stored ('0-0' when nothing is)

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- A lease that ends later was taken before the clock was set back: it would keep the room until the clock has caught up.
for _, room in ipairs(redis.call('ZRANGE', KEYS[2], '(' .. now + ARGV[2], '+inf', 'BYSCORE', 'LIMIT', 0, 1000)) do
  redis.call('ZADD', KEYS[2], now, room)
end

-- From here on these are like any other: whoever takes them and dies does not matter.
local old = redis.call('ZRANGE', KEYS[3], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1], 'WITHSCORES')
for at = 1, #old, 2 do
  redis.call('ZADD', KEYS[2], 'NX', old[at + 1], old[at])
  redis.call('ZREM', KEYS[3], old[at])
end

local rooms = redis.call('ZRANGE', KEYS[2], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
if #rooms == 0 then
  -- Whatever else is counted then belongs to streams that were removed by somebody else, and would count for ever.
  if redis.call('EXISTS', KEYS[2]) == 0 then
    if tonumber(redis.call('HGET', KEYS[1], 'unstored') or 0) > 0 then redis.call('HSET', KEYS[1], 'unstored', 0) end
    redis.call('DEL', KEYS[5])
  end
  return {}
end
local replies = {}
for at, stored in ipairs(redis.call('HMGET', KEYS[4], unpack(rooms))) do
  redis.call('ZADD', KEYS[2], now + tonumber(ARGV[2]), rooms[at])
  replies[#replies + 1] = rooms[at]
  replies[#replies + 1] = stored or '0-0'
end
return replies
