-- Extends a node's leases. Also extends an expired lease that was not closed.
--
-- KEYS    per partition its leases, the registration's hash and the partition's server process
-- ARGV    1: lease; 2: time to live from now, ms; 3: how long departures wait after a loss, ms
-- reply   per partition three: sum of the weights of the registration's changes, -1 if there is no such lease or it is
--         closed; remaining time of the lease before the renewal, ms; its new end, in ms of this clock

local now = now_ms()
local ends = now + ARGV[2]
local leases = {}
for n = 1, #KEYS, 3 do
  local key, registration = KEYS[n], KEYS[n + 1]
  doubt_ms(KEYS[n + 2], tonumber(ARGV[3]))
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
