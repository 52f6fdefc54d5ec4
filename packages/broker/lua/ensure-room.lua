-- Makes a room known, with a new epoch, unless it is known already.
--
-- KEYS    1: room stream
-- ARGV    1: the seq to go on from
-- reply   1 when it was created, else 0

if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
-- A stream can only come into being with an entry; removing it again leaves the position.
local id = redis.call('XADD', KEYS[1], string.format('%.0f-%s', now, ARGV[1]), 'm', '')
redis.call('XDEL', KEYS[1], id)
return 1
