-- Publishes a node's probe to itself. Redis checks it like a room's message: whether it may write and publish. The
-- stream does not exist, so nothing is stored, logged or replicated.
--
-- KEYS    1: a stream that does not exist, and the channel
-- ARGV    1: PUBLISH or SPUBLISH
-- reply   number of subscribers that received it

redis.call('XADD', KEYS[1], 'NOMKSTREAM', '*', 'm', '')
return redis.call(ARGV[1], KEYS[1], '')
