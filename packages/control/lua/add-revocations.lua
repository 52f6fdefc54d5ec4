-- Notes tokens that do not count any more.
--
-- KEYS    1: revoked; 2: bans
-- ARGV    1: the field of the bans that says that the list is complete; then, for each token, its id and when it ends, ms
-- reply   the ids that the list did not have, if it is complete

local complete = redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1
local missing = {}
for at = 2, #ARGV, 2 do
  local id, ends = ARGV[at], ARGV[at + 1]
  if complete and not redis.call('ZSCORE', KEYS[1], id) then missing[#missing + 1] = id end
  redis.call('ZADD', KEYS[1], 'GT', ends, id)
end
return missing
