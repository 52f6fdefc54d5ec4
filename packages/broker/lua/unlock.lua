-- Releases a lock that is still one's own.
--
-- KEYS    1: lock
-- ARGV    1: the holder's token
-- reply   1 when released, else 0

if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
