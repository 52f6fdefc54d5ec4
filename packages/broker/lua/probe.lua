-- Carries a node's message to itself. It passes what a room's message passes: Redis looks whether it may be written, and
-- publishes it. The stream does not exist, so that nothing is stored, logged or replicated.
--
-- KEYS    1: a stream that does not exist, and the channel
-- ARGV    1: PUBLISH or SPUBLISH
-- reply   how many have received it

redis.call('XADD', KEYS[1], 'NOMKSTREAM', '*', 'm', '')
return redis.call(ARGV[1], KEYS[1], '')
