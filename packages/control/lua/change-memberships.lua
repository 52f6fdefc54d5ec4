-- Changes fields of hashes. The field '' of a hash is its stamp: the beginning of the run id of the server process that
-- it was written in. A hash of an earlier process may be older data, and counts as empty.
--
-- KEYS    one hash per change
-- ARGV    per change: field; value, '' to remove the field
-- reply   1

local stamp = string.sub(string.match(redis.call('INFO', 'server'), 'run_id:(%x+)'), 1, 8)
for n, key in ipairs(KEYS) do
  local field, value = ARGV[2 * n - 1], ARGV[2 * n]
  local current = redis.call('HGET', key, '') == stamp
  if not current then redis.call('DEL', key) end
  if value ~= '' then
    redis.call('HSET', key, '', stamp, field, value)
  elseif current then
    redis.call('HDEL', key, field)
    if redis.call('HLEN', key) == 1 then redis.call('DEL', key) end
  end
end
return 1
