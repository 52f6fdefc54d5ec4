-- Removes a room, or part of its messages if it has many, because Redis serves no other client meanwhile.
--
-- KEYS    1: state; 2: rooms that wait to be archived; 3: rooms with messages that become too old; 4: what is
--         stored; 5: room stream; 6, 7: hashes of keys; 8: records of rooms; 9: rooms that gateways wait for; 10: what rooms
--         have lost; 11: what users have of the budget; 12: traits of rooms;
--         13: retentions of rooms
-- ARGV    1: room id; 2: '' for any; 'stale': only if it is not whole in this incarnation; else only if its generation
--         is less than this
-- reply   first: 0 if removed, 1 if the script must run again, 2 if it must not be removed, 3 if removed without
--         members: it was of an earlier generation and not whole in this incarnation; second: its generation, empty if
--         unknown

local AT_ONCE = 1000
local stream = KEYS[5]
local epoch = position_of(stream)
local generation = record_of(KEYS[8], ARGV[1])
local stale = epoch and tonumber(epoch) < born_of(current_life())
if ARGV[2] == 'stale' then
  if not epoch then redis.call('HDEL', KEYS[9], ARGV[1]) end
  if not stale then return { 2, generation } end
elseif ARGV[2] ~= '' and (tonumber(generation) or -1) >= tonumber(ARGV[2]) then
  return { 2, generation }
end
-- The remaining messages are not archived, and count for the budget.
redis.call('XTRIM', stream, 'MINID', behind(redis.call('HGET', KEYS[4], ARGV[1]) or '0-0'))
local messages = redis.call('XRANGE', stream, '-', '+', 'COUNT', AT_ONCE)
if #messages > 0 then
  local by_user = count_by_user(KEYS[11])
  take_off(cost_of_all(messages, by_user), KEYS[11], by_user)
end
if #messages == AT_ONCE then
  redis.call('XTRIM', stream, 'MINID', behind(messages[AT_ONCE][1]))
  return { 1, generation }
end
local wanted = redis.call('HGET', KEYS[9], ARGV[1])
forget_room(ARGV[1])
if ARGV[2] == '' or ARGV[2] == 'stale' or not stale then return { 0, generation } end
-- Gateways still wait for the room that has this id now.
if wanted then redis.call('HSET', KEYS[9], ARGV[1], wanted) end
return { 3, generation }
