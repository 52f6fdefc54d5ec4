-- Takes a free lock. A lock that was taken from another server process, or that lasts longer than locks may because the
-- clock was set back, counts as free.
--
-- KEYS    1: lock
-- ARGV    1: the holder's token; 2: time to live, ms
-- reply   the value to extend and release it with; nil if it is held

local process = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%x+') == process and redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[2]) then
  return false
end
local token = process .. ':' .. ARGV[1]
redis.call('SET', KEYS[1], token, 'PX', ARGV[2])
return token
