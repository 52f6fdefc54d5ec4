-- Makes a room known, with a new epoch, unless it is known already.
--
-- KEYS    1: state; 2: rooms that wait to be archived; 3: rooms with messages that become too old; 4: what is
--         stored; 5: room stream; 6, 7: hashes of keys
-- ARGV    1: room id; 2: the seq to go on from
-- reply   1 when it was created, else 0

if redis.call('EXISTS', KEYS[5]) == 1 then return 0 end
-- Of an earlier room of that id whose stream was not removed by us, but evicted or so.
forget_room(ARGV[1])
current_life()
-- A stream can only come into being with an entry; removing it again leaves the position.
local id = redis.call('XADD', KEYS[5], new_epoch() .. '-' .. ARGV[2], 'm', '')
redis.call('XDEL', KEYS[5], id)
return 1
