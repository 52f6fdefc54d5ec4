-- Records for how long a room keeps messages, lets an archiver trim its recent history, and makes the gateways query the room.
--
-- KEYS    1: retentions of rooms; 2: rooms with messages that become too old
-- ARGV    1: room id; 2: days, '' for no limit of its own; 3: PUBLISH or SPUBLISH; 4: the room's channel
-- reply   1 if it changed, else 0

local room, days = ARGV[1], ARGV[2]
if (redis.call('HGET', KEYS[1], room) or '') == days then return 0 end
if days == '' then redis.call('HDEL', KEYS[1], room) else redis.call('HSET', KEYS[1], room, days) end
redis.call('ZADD', KEYS[2], redis.call('TIME')[1] .. '000', room)
redis.call(ARGV[3], ARGV[4], '0-1\n')
return 1
