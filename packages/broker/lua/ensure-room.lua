-- Makes a room known, with a new epoch, unless it is known already.
--
-- KEYS    1: state; 2: room stream
-- ARGV    1: the seq to go on from
-- reply   1 when it was created, else 0

if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
current_life()
-- A stream can only come into being with an entry; removing it again leaves the position.
local id = redis.call('XADD', KEYS[2], new_epoch() .. '-' .. ARGV[1], 'm', '')
redis.call('XDEL', KEYS[2], id)
return 1
