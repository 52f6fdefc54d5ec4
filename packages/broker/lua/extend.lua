-- Keeps a lock that is still one's own.
--
-- KEYS    1: lock
-- ARGV    1: the holder's token; 2: milliseconds until it ends
-- reply   1 when kept, else 0

if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
