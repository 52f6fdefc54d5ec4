-- Rooms of which a user is a member and from which the user is not banned.
--
-- KEYS    1: marker of the memberships; 2: bans; 3: memberships of the user
-- ARGV    1: run id of this server, '' when not known; 2: user id; 3: field that marks the bans complete
-- reply   this server's run id; 1 when memberships and bans are complete, else 0; the ids of the rooms, separated by spaces

-- Fails on a server that takes no writes: a primary that another one has replaced lacks the latest changes. No such field exists.
redis.call('HDEL', KEYS[2], '')
local run = ARGV[1]
if run == '' then run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') end
if redis.call('GET', KEYS[1]) ~= run or redis.call('HEXISTS', KEYS[2], ARGV[3]) == 0 then return { run, 0, '' } end
-- A hash with another stamp is of a server process before this one: see change-memberships.lua.
if redis.call('HGET', KEYS[3], '') ~= string.sub(run, 1, 8) then return { run, 1, '' } end
local held, rooms = redis.call('HGETALL', KEYS[3]), {}
for at = 1, #held, 2 do
  -- Neither the stamp nor a user who is only muted.
  if held[at] ~= '' and string.byte(held[at + 1]) ~= 45 then rooms[#rooms + 1] = held[at] end
end
-- Most clusters ban no user from a single room.
if redis.call('HLEN', KEYS[2]) > 1 then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local allowed = {}
  for from = 1, #rooms, 1000 do
    local fields = {}
    for at = from, math.min(#rooms, from + 999) do fields[#fields + 1] = ARGV[2] .. ':' .. rooms[at] end
    for n, ends in ipairs(redis.call('HMGET', KEYS[2], unpack(fields))) do
      if not ends or (ends ~= '' and tonumber(ends) <= now) then allowed[#allowed + 1] = rooms[from + n - 1] end
    end
  end
  rooms = allowed
end
return { run, 1, table.concat(rooms, ' ') }
