-- Reads the journals of partitions, each after a position.
--
-- KEYS    per partition its journal, the journal's flag, the partition's server process, leases
-- ARGV    1: largest number of changes; then per partition: position
-- reply   per partition six: the flag, '' without one; run id of the server process and beginning of its last doubt, each '' if unknown; 1
--         if every live node has written its entries to this data, as far as is known here; remaining time of the longest lease, ms, -1
--         without a lease; the changes

local now = now_ms()
local left = tonumber(ARGV[1])
local found = {}
for n = 1, #KEYS / 4 do
  local key = n * 4 - 3
  local held = redis.call('HMGET', KEYS[key + 2], 'id', 'from', 'until')
  local settled = held[1] == current_process() and tonumber(held[2]) <= now and tonumber(held[3]) <= now
  local lease = redis.call('ZRANGE', KEYS[key + 3], -1, -1, 'WITHSCORES')[2]
  local changes = {}
  if left > 0 then
    changes = redis.call('XRANGE', KEYS[key], '(' .. ARGV[n + 1], '+', 'COUNT', left)
    left = left - #changes
  end
  found[n] = {
    redis.call('GET', KEYS[key + 1]) or '', held[1] or '', held[2] or '', settled and 1 or 0,
    lease and math.max(0, math.floor(tonumber(lease) - now)) or -1, changes
  }
end
return found
