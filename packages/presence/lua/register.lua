-- Takes a lease for a new registration.
--
-- KEYS    1: leases
-- ARGV    1: lease; 2: time to live, ms
-- reply   1

local time = redis.call('TIME')
return redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2], ARGV[1])
