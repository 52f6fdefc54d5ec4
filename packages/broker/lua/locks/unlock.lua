-- Releases a lock that the caller still holds.
--
-- KEYS    1: lock
-- ARGV    1: the holder's token
-- reply   1 if released, else 0

if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
