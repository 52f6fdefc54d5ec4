-- Claims rooms that wait to be archived, longest waiting first.
--
-- KEYS    1: state; 2: rooms that wait to be archived; 3: rooms with messages that become too old; 4: what is
--         stored; 5: what users have of the budget
-- ARGV    1: maximum number of rooms; 2: length of the lease, ms
-- reply   per room two: its id, and the id `<epoch>-<seq>` up to which it is stored ('0-0' for none)

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- A lease that ends later was taken before the clock was set back: it would hold the room until the clock has caught
-- up.
for _, room in ipairs(redis.call('ZRANGE', KEYS[2], '(' .. now + ARGV[2], '+inf', 'BYSCORE', 'LIMIT', 0, 1000)) do
  redis.call('ZADD', KEYS[2], now, room)
end

-- From here on these rooms wait like any other: a claim whose archiver dies is claimed again.
local old = redis.call('ZRANGE', KEYS[3], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1], 'WITHSCORES')
for at = 1, #old, 2 do
  redis.call('ZADD', KEYS[2], 'NX', old[at + 1], old[at])
  redis.call('ZREM', KEYS[3], old[at])
end

local rooms = redis.call('ZRANGE', KEYS[2], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
if #rooms == 0 then
  -- Bytes that are still counted belong to streams that another program removed, and would count for ever.
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
