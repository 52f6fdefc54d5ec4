-- Moves the ends of a node's leases; one that has ended lives on if nobody closed it.
--
-- KEYS    per partition its leases and the registration's hash
-- ARGV    1: lease; 2: time to live from now, ms
-- reply   per partition how many changes the registration has made; -1 when there is no such lease or it is closed

local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]
local changes = {}
for n = 1, #KEYS, 2 do
  local leases, registration = KEYS[n], KEYS[n + 1]
  local lease = redis.call('ZSCORE', leases, ARGV[1])
  if not lease or tonumber(lease) == 0 then
    changes[#changes + 1] = -1
  else
    redis.call('ZADD', leases, ends, ARGV[1])
    changes[#changes + 1] = tonumber(redis.call('HGET', registration, 'changes') or 0)
  end
end
return changes
