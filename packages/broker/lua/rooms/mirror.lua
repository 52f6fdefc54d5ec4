-- Whether every room is known and whole in the current incarnation; and rooms that gateways wait for.
--
-- KEYS    1: state; 2: rooms that gateways wait for
-- ARGV    1: 'mark' to set it, 'check' to read it; 2: maximum number of rooms
-- reply   1: 1 if it is so, else 0; then ids of rooms

local life = current_life()
if ARGV[1] == 'mark' then redis.call('HSET', state, 'mirrored', life) end
local complete = redis.call('HGET', state, 'mirrored') == life and 1 or 0
return { complete, unpack(redis.call('HRANDFIELD', KEYS[2], ARGV[2])) }
