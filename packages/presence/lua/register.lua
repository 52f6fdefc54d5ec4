-- Takes a lease for a new registration.
--
-- KEYS    1: leases; 2: the partition's server process
-- ARGV    1: lease; 2: time to live, ms; 3: '1' if the node had a lease that Redis lost
-- reply   end of the lease, in ms of this clock

local ends = now_ms() + ARGV[2]
redis.call('ZADD', KEYS[1], ends, ARGV[1])
doubt_ms(KEYS[2], tonumber(ARGV[2]))
if ARGV[3] == '1' then begin_doubt(KEYS[2], tonumber(ARGV[2])) end
return ends
