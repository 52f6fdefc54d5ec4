-- Begins a new, empty journal of a partition, unless the present one has changes that were not read.
--
-- KEYS    1: journal; 2: its flag
-- ARGV    1: position up to which it was read; 2: largest number of changes
-- reply   1 if it has begun, 0 if changes wait

-- Recording needs this command: a Redis user who lacks it fails here, and not in a script that lets users in.
local held = redis.call('XLEN', KEYS[1])
if held > 0 and #redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', 1) > 0 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[2])
return 1
