-- Declares a registration dead if its lease has ended: from now on it cannot renew or write.
--
-- KEYS    1: leases; 2: the registration's closed marker
-- ARGV    1: lease; 2: how long the marker is kept, s
-- reply   1 when it is closed, now or before; 0 when it is alive or gone

local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
local time = redis.call('TIME')
if not lease or tonumber(lease) > time[1] * 1000 + math.floor(time[2] / 1000) then return 0 end

redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('SET', KEYS[2], '', 'EX', ARGV[2])
return 1
