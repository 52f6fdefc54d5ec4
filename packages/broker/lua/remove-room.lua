-- Removes a room, or some of its messages if it has many: Redis serves nobody else meanwhile.
--
-- KEYS    1: state; 2: rooms that wait to be archived; 3: rooms with messages that become too old; 4: what is
--         stored; 5: room stream; 6, 7: hashes of keys
-- ARGV    1: room id
-- reply   0 when it is gone, 1 when the script has to run again

local AT_ONCE = 1000
local stream = KEYS[5]
-- What is left is not archived, and counts.
redis.call('XTRIM', stream, 'MINID', behind(redis.call('HGET', KEYS[4], ARGV[1]) or '0-0'))
local messages = redis.call('XRANGE', stream, '-', '+', 'COUNT', AT_ONCE)
if #messages > 0 then redis.call('HINCRBY', KEYS[1], 'unstored', -cost_of_all(messages)) end
if #messages == AT_ONCE then
  redis.call('XTRIM', stream, 'MINID', behind(messages[AT_ONCE][1]))
  return 1
end
forget_room(ARGV[1])
return 0
