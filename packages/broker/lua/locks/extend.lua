-- Extends a lock that the caller still holds.
--
-- KEYS    1: lock
-- ARGV    1: the holder's token; 2: new time to live, ms
-- reply   1 if extended, else 0

if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
