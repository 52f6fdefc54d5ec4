-- Takes a lease for a new registration.
--
-- KEYS    1: leases
-- ARGV    1: lease; 2: time to live, ms
-- reply   end of the lease, in ms of this clock

local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]
redis.call('ZADD', KEYS[1], ends, ARGV[1])
return ends
