-- Lists the leases that have ended, closed ones included.
--
-- KEYS    1: leases
-- reply   leases

local time = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', time[1] * 1000 + math.floor(time[2] / 1000))
