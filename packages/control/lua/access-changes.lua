-- Returns the changes of the access list after a position.
--
-- KEYS    1: log; 2: bans
-- ARGV    1: position, '' for the present one; 2: field of the bans that marks the list as complete; 3: largest number of changes
-- reply   1 if the list is complete, else 0; the position, nil if the log does not hold it any more; then the entries after it

-- Fails on a server that takes no writes: a primary that another one has replaced lacks the latest changes. No such field exists.
redis.call('HDEL', KEYS[2], '')
local complete = redis.call('HEXISTS', KEYS[2], ARGV[2])
if ARGV[1] == '' then
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  return { complete, last and last[1] or redis.call('XADD', KEYS[1], '*', 'k', '', 'i', '', 'u', '') }
end
local entries = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[3] + 1)
if not entries[1] or entries[1][1] ~= ARGV[1] then return { complete, false } end
return { complete, unpack(entries) }
