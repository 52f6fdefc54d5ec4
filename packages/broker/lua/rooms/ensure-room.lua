-- Creates a room with a new epoch, unless there is one of that id.
--
-- KEYS    1: state; 2: rooms that wait to be archived; 3: rooms with messages that become too old; 4: what is
--         stored; 5: room stream; 6, 7: hashes of keys; 8: records of rooms; 9: rooms that gateways wait for; 10: what rooms
--         have lost; 11: not used; 12: traits of rooms
-- ARGV    1: room id; 2: seq to continue from; 3: generation, '' if unknown; 4: letters of the kind and size
-- reply   1 if it was created, or exists with that generation; else 0

if redis.call('EXISTS', KEYS[5]) == 1 then
  return ARGV[3] ~= '' and record_of(KEYS[8], ARGV[1]) == ARGV[3] and 1 or 0
end
-- Left over from an earlier room of that id whose stream was not removed by these scripts, for example evicted.
forget_room(ARGV[1])
current_life()
-- A stream can only be created with an entry; removing the entry keeps the position.
local epoch = new_epoch()
redis.call('XDEL', KEYS[5], redis.call('XADD', KEYS[5], epoch .. '-' .. ARGV[2], 'm', ''))
note_record(KEYS[8], ARGV[1], ARGV[3], epoch)
note_traits(KEYS[12], ARGV[1], 0, ARGV[4])
return 1
