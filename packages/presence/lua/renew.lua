-- Moves the end of a lease; one that has ended lives on if nobody closed it.
--
-- KEYS    1: leases; 2: the registration's hash
-- ARGV    1: lease; 2: time to live from now, ms
-- reply   how many changes the registration has made; -1 when there is no such lease or it is closed

local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not lease or tonumber(lease) == 0 then return -1 end

local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2], ARGV[1])
return tonumber(redis.call('HGET', KEYS[2], 'changes') or 0)
