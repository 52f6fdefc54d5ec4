-- Whether every room has been made known in the current life.
--
-- KEYS    1: state
-- ARGV    1: 'mark' to say so, 'check' to ask
-- reply   1 when it is so, else 0

local life = current_life()
if ARGV[1] == 'mark' then redis.call('HSET', state, 'mirrored', life) end
return redis.call('HGET', state, 'mirrored') == life and 1 or 0
