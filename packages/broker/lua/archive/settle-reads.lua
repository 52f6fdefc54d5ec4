-- Removes read positions that PostgreSQL has, except those that have changed since they were read.
--
-- KEYS    1: read positions
-- ARGV    per position two: field, value
-- reply   number of removed positions

local fields, removed = {}, 0
for at = 1, #ARGV, 2 do fields[#fields + 1] = ARGV[at] end
for at, value in ipairs(redis.call('HMGET', KEYS[1], unpack(fields))) do
  if value == ARGV[at * 2] then removed = removed + redis.call('HDEL', KEYS[1], fields[at]) end
end
return removed
