-- What the list holds about users, rooms and tokens, and what the users are in the rooms.
--
-- KEYS    1: revoked; 2: bans; 3: marker of the memberships; 4: slow modes; then per subject the memberships of its user
-- ARGV    1: run id of this server, '' when not known; 2: number of fields of the bans; 3: number of tokens; then the fields; the
--         token ids; and per subject its room
-- reply   the time, ms; the fields' values; the tokens' scores; this server's run id; 1 when the memberships are complete,
--         else 0; then per subject two: its membership, and the slow mode of its room; nil stands for a missing one

-- Fails on a server that takes no writes: a primary that another one has replaced lacks the latest changes. No such field exists.
redis.call('HDEL', KEYS[2], '')
local run = ARGV[1]
if run == '' then run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') end
local stamp = string.sub(run, 1, 8)
local fields, tokens = tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local reply = {
  time[1] * 1000 + math.floor(time[2] / 1000),
  redis.call('HMGET', KEYS[2], unpack(ARGV, 4, fields + 3)),
  tokens > 0 and redis.call('ZMSCORE', KEYS[1], unpack(ARGV, fields + 4, fields + tokens + 3)) or {},
  run,
  redis.call('GET', KEYS[3]) == run and 1 or 0,
}
-- A hash with another stamp is of a server process before this one: see change-memberships.lua.
local function held(key, field)
  local found = redis.call('HMGET', key, '', field)
  return found[1] == stamp and found[2]
end
for at = 5, #KEYS do
  local room = ARGV[fields + tokens + at - 1]
  reply[#reply + 1] = held(KEYS[at], room)
  reply[#reply + 1] = held(KEYS[4], room)
end
return reply
