-- Lists the leases that have ended, closed ones included.
--
-- KEYS    the leases of each partition
-- reply   the leases of each key

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ended = {}
for n, leases in ipairs(KEYS) do
  ended[n] = redis.call('ZRANGEBYSCORE', leases, '-inf', now)
end
return ended
