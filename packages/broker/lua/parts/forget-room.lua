-- Prefix of the scripts that create and remove rooms. KEYS as `allOf` returns them.

-- Removes everything kept of a room, except its bytes in the budget.
local function forget_room(room)
  redis.call('DEL', KEYS[5], KEYS[6], KEYS[7])
  redis.call('ZREM', KEYS[2], room)
  redis.call('ZREM', KEYS[3], room)
  redis.call('HDEL', KEYS[4], room)
  redis.call('HDEL', KEYS[8], room)
  redis.call('HDEL', KEYS[9], room)
  redis.call('HDEL', KEYS[10], room)
  redis.call('HDEL', KEYS[12], room)
  redis.call('HDEL', KEYS[13], room)
end
