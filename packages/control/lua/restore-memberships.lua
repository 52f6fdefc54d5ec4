-- Replaces hashes: see change-memberships.lua.
--
-- KEYS    one hash each
-- ARGV    1: run id of the server process to which the memberships are restored; then per hash: number of fields; and per
--         field two: field, value
-- reply   1, or 0 when this is another process: nothing was done

if string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') ~= ARGV[1] then return 0 end
local MOST = 3000
local stamp, at = string.sub(ARGV[1], 1, 8), 2
for _, key in ipairs(KEYS) do
  local last = at + 2 * tonumber(ARGV[at])
  redis.call('DEL', key)
  redis.call('HSET', key, '', stamp)
  for from = at + 1, last, MOST do
    redis.call('HSET', key, unpack(ARGV, from, math.min(last, from + MOST - 1)))
  end
  at = last + 1
end
return 1
