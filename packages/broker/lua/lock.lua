-- Takes a lock that is free. One that was taken from another server process, or that would last longer than locks do
-- because the clock was set back, is free as well.
--
-- KEYS    1: lock
-- ARGV    1: the holder's token; 2: milliseconds until it ends
-- reply   what to keep and release it with; nil when it is taken

local process = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%x+') == process and redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[2]) then
  return false
end
local token = process .. ':' .. ARGV[1]
redis.call('SET', KEYS[1], token, 'PX', ARGV[2])
return token
