-- Removes the entries of one registration for users of one room, and announces users without another entry, unless the
-- room is too large. The lease may be expired or closed: an entry is removed once, by any caller.
--
-- KEYS    1: the room's members; 2: the registration's hash; 3: the room's channel; 4: the partition's server process;
--         5: leases; 6: journal; 7: its flag
-- ARGV    1: registration; 2: room id; 3: PUBLISH or SPUBLISH; 4: largest number of members of a room with
--         announcements; 5: how long departures wait after a loss, ms, or '' if not at all; 6: weight of each change;
--         7: lease; then per user: id, announcement
-- reply   number of removed entries, number of announced users, time to wait in ms: above 0 nothing was done

local mine = ARGV[1] .. ','
if ARGV[5] ~= '' then
  local wait = doubt_ms(KEYS[4], tonumber(ARGV[5]))
  -- Without its lease the node's entries are lost as well; it learns that by its next renewal.
  if not redis.call('ZSCORE', KEYS[5], ARGV[7]) then wait = tonumber(ARGV[5]) end
  if wait > 0 then return { 0, 0, wait } end
end
local held, seen = {}, {}
for at = 8, #ARGV, 2 do
  local entry = not seen[ARGV[at]] and redis.call('HGET', KEYS[1], ARGV[at])
  seen[ARGV[at]] = true
  local colon = entry and string.find(entry, ':', 1, true)
  local first, last
  if entry then first, last = string.find(string.sub(entry, 1, colon), mine, 1, true) end
  if first then held[#held + 1] = { at = at, entry = entry, colon = colon, first = first, last = last } end
end
if #held == 0 then return { 0, 0, 0 } end

-- Runs first: a Redis without free memory refuses it, but would allow the removals alone. No user may leave while no
-- user can join, or users who change nodes would be announced as left.
redis.call('HINCRBY', KEYS[2], 'changes', #held * ARGV[6])
if redis.call('HINCRBY', KEYS[2], ARGV[2], -#held) <= 0 then redis.call('HDEL', KEYS[2], ARGV[2]) end

local announced = 0
for _, its in ipairs(held) do
  local user, entry = ARGV[its.at], its.entry
  if its.colon > #mine + 1 then
    redis.call('HSET', KEYS[1], user, string.sub(entry, 1, its.first - 1) .. string.sub(entry, its.last + 1))
  else
    local quiet = redis.call('HLEN', KEYS[1]) > tonumber(ARGV[4])
    redis.call('HDEL', KEYS[1], user)
    record(KEYS[6], KEYS[7], '-' .. ARGV[2] .. ':' .. user)
    if not quiet then
      redis.call(ARGV[3], KEYS[3], ARGV[its.at + 1])
      announced = announced + 1
    end
  end
end
return { #held, announced, 0 }
