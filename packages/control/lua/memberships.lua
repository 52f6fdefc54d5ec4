-- Whether the memberships are complete, and what they are of one user.
--
-- KEYS    1: marker; 2: memberships of the user, if wanted
-- ARGV    1: run id that marks them complete if it is the one of this server process, '' to mark nothing
-- reply   1: run id of this server process; 2: 1 when they are complete, else 0; then per membership two: room, value

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if ARGV[1] == run then redis.call('SET', KEYS[1], run) end
local reply = { run, redis.call('GET', KEYS[1]) == run and 1 or 0 }
if KEYS[2] and redis.call('HGET', KEYS[2], '') == string.sub(run, 1, 8) then
  for n, value in ipairs(redis.call('HGETALL', KEYS[2])) do reply[n + 2] = value end
end
return reply
