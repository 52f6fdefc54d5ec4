-- Takes the turn of a user in a room with slow mode.
--
-- KEYS    1: the turn
-- ARGV    1: what identifies the message: sent again, it has the turn already; 2: length of the turn, ms
-- reply   0, or how long the turn of another message still lasts, ms

local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return math.max(1, redis.call('PTTL', KEYS[1])) end
if not held then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 0
