-- Begins or completes a restoration of the access list. It completes only in the server process, and with the data, in which it
-- began: what was restored before a loss is gone.
--
-- KEYS    1: bans
-- ARGV    1: 'begin' or 'complete'; 2: id of the restoration; 3: field of the bans that holds the restoration in progress;
--         4: field that marks the list as complete
-- reply   1; 0 if data was lost since it began, or another restoration began

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local restoration = run .. ':' .. ARGV[2]
if ARGV[1] == 'begin' then
  redis.call('HSET', KEYS[1], ARGV[3], restoration)
  return 1
end
if redis.call('HGET', KEYS[1], ARGV[3]) ~= restoration then return 0 end
redis.call('HSET', KEYS[1], ARGV[4], '1')
redis.call('HDEL', KEYS[1], ARGV[3])
return 1
