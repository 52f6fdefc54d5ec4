-- Removes the entries of one registration for users of one room, and announces those who have no
-- other, unless the room is too large. Needs no lease: an entry goes once, whoever removes it.
--
-- KEYS    1: the room's members; 2: the registration's hash; 3: the room's channel
-- ARGV    1: registration; 2: room id; 3: PUBLISH or SPUBLISH; 4: most members of a room in which
--         users are announced; then per user: id, announcement
-- reply   how many entries were removed, how many users were announced

local mine = ARGV[1] .. ','
local removed, announced = 0, 0

for at = 5, #ARGV, 2 do
  local entry = redis.call('HGET', KEYS[1], ARGV[at])
  local colon = entry and string.find(entry, ':', 1, true)
  local first, last
  if entry then first, last = string.find(string.sub(entry, 1, colon), mine, 1, true) end
  if first then
    removed = removed + 1
    if colon > #mine + 1 then
      redis.call('HSET', KEYS[1], ARGV[at], string.sub(entry, 1, first - 1) .. string.sub(entry, last + 1))
    else
      local quiet = redis.call('HLEN', KEYS[1]) > tonumber(ARGV[4])
      redis.call('HDEL', KEYS[1], ARGV[at])
      if not quiet then
        redis.call(ARGV[3], KEYS[3], ARGV[at + 1])
        announced = announced + 1
      end
    end
  end
end

if removed > 0 then
  if redis.call('HINCRBY', KEYS[2], ARGV[2], -removed) <= 0 then redis.call('HDEL', KEYS[2], ARGV[2]) end
  redis.call('HINCRBY', KEYS[2], 'changes', removed)
end
return { removed, announced }
