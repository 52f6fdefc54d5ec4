-- Extends a node's leases. Also extends an expired lease that was not closed.
--
-- KEYS    per partition its leases and the registration's hash
-- ARGV    1: lease; 2: time to live from now, ms
-- reply   per partition three: number of changes that the registration has made, -1 if there is no such lease or it is
--         closed; remaining time of the lease before the renewal, ms; its new end, in ms of this clock

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = now + ARGV[2]
local leases = {}
for n = 1, #KEYS, 2 do
  local key, registration = KEYS[n], KEYS[n + 1]
  local lease = tonumber(redis.call('ZSCORE', key, ARGV[1]) or 0)
  if lease == 0 then
    leases[#leases + 1] = { -1, 0, 0 }
  else
    redis.call('ZADD', key, ends, ARGV[1])
    local changes = tonumber(redis.call('HGET', registration, 'changes') or 0)
    leases[#leases + 1] = { changes, math.max(0, lease - now), ends }
  end
end
return leases
