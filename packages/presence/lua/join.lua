-- Adds a user's entry for one registration, and announces it if no registration had one and the room
-- is not too large.
--
-- KEYS    1: leases; 2: the room's members; 3: the registration's hash; 4: the room's channel; 5: journal; 6: its flag; from 7: closed
--         markers of the node's earlier registrations
-- ARGV    1: lease; 2: registration; 3: room id; 4: user id; 5: user name; 6: PUBLISH or SPUBLISH; 7: announcement; 8:
--         '1' if the user was announced under an earlier registration; 9: largest number of members of a room with
--         announcements; 10: weight of the change
-- reply   1 if added; 0 if present; -1 if the registration may not write

local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not lease or tonumber(lease) == 0 then return -1 end

local mine = ARGV[2] .. ','
local entry = redis.call('HGET', KEYS[2], ARGV[4])
if entry then
  local holders = string.sub(entry, 1, string.find(entry, ':', 1, true))
  if string.find(holders, mine, 1, true) then return 0 end
  redis.call('HSET', KEYS[2], ARGV[4], mine .. entry)
else
  redis.call('HSET', KEYS[2], ARGV[4], mine .. ':' .. ARGV[5])
  -- The user was announced, has no entry, and no registration was declared dead: the entry was lost, and the user never
  -- left.
  local lost = ARGV[8] == '1' and (#KEYS == 6 or redis.call('EXISTS', unpack(KEYS, 7)) == 0)
  local quiet = redis.call('HLEN', KEYS[2]) > tonumber(ARGV[9])
  if not lost then
    record(KEYS[5], KEYS[6], '+' .. ARGV[3] .. ':' .. ARGV[4])
    if not quiet then redis.call(ARGV[6], KEYS[4], ARGV[7]) end
  end
end
redis.call('HINCRBY', KEYS[3], ARGV[3], 1)
redis.call('HINCRBY', KEYS[3], 'changes', ARGV[10])
return 1
