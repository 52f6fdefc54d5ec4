-- Revokes tokens.
--
-- KEYS    1: revoked; 2: bans; 3: log
-- ARGV    1: field of the bans that marks the list as complete; then, per token, its id and expiry, ms
-- reply   the ids that the list lacked, if it is complete

local complete = redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1
local missing = {}
for at = 2, #ARGV, 2 do
  local id, ends = ARGV[at], ARGV[at + 1]
  local known = redis.call('ZSCORE', KEYS[1], id)
  if complete and not known then missing[#missing + 1] = id end
  if not known then note(KEYS[3], 't', id, ends) end
  redis.call('ZADD', KEYS[1], 'GT', ends, id)
end
return missing
