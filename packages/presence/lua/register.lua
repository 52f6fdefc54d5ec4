-- Takes a lease for a new registration. The one it follows gets a whole lease more, so that its
-- entries count until they have been written again.
--
-- KEYS    1: leases
-- ARGV    1: lease; 2: time to live, ms; 3: the lease it follows, or empty
-- reply   1

local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]

redis.call('ZADD', KEYS[1], ends, ARGV[1])
local previous = ARGV[3] ~= '' and redis.call('ZSCORE', KEYS[1], ARGV[3])
if previous and tonumber(previous) > 0 then redis.call('ZADD', KEYS[1], ends, ARGV[3]) end
return 1
