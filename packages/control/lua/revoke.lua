-- Revokes a token, and forgets those that expired long enough ago.
--
-- KEYS    1: revoked; 2: log
-- ARGV    1: token id; 2: expiry of the token, ms; 3: how long it is remembered after that, ms
-- reply   1

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
note(KEYS[2], 't', ARGV[1], ARGV[2])
return 1
