-- Ends the pending state of rooms that have not begun another change meanwhile.
--
-- KEYS    1: sorted set of pending changes
-- ARGV    pairs of room id and the time at which its change began
-- reply   number of settled rooms

local settled = 0
for at = 1, #ARGV, 2 do
  local since = redis.call('ZSCORE', KEYS[1], ARGV[at])
  if since and tonumber(since) == tonumber(ARGV[at + 1]) then
    settled = settled + redis.call('ZREM', KEYS[1], ARGV[at])
  end
end
return settled
