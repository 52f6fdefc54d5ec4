-- Prefix of the scripts that read stored messages. Needs state.lua and backlog.lua.

-- Returns the bytes that entries of a stream count for the budget. Adds them up by user, too, if a table is given.
local function cost_of_all(entries, by_user)
  local bytes = 0
  for _, entry in ipairs(entries) do
    local body = entry[2][2]
    local cost = cost_of(body)
    bytes = bytes + cost
    local user = by_user and user_of(body)
    if user then by_user[user] = (by_user[user] or 0) + cost end
  end
  return bytes
end

-- Returns a table for cost_of_all; nil while bytes are not counted by user.
local function count_by_user(senders)
  return redis.call('EXISTS', senders) == 1 and {} or nil
end

-- Subtracts messages that no longer wait from the budget and from their users' shares.
local function take_off(bytes, senders, by_user)
  redis.call('HINCRBY', state, 'unstored', -bytes)
  local users = {}
  for user in pairs(by_user or {}) do users[#users + 1] = user end
  -- Lua limits the number of arguments of a call.
  for first = 1, #users, 1000 do
    local left, gone = {}, {}
    local counts = redis.call('HMGET', senders, unpack(users, first, math.min(first + 999, #users)))
    for n, count in ipairs(counts) do
      local user = users[first + n - 1]
      local rest = tonumber(count or 0) - by_user[user]
      if rest > 0 then
        left[#left + 1] = user
        left[#left + 1] = rest
      elseif count then
        gone[#gone + 1] = user
      end
    end
    if #left > 0 then redis.call('HSET', senders, unpack(left)) end
    if #gone > 0 then redis.call('HDEL', senders, unpack(gone)) end
  end
end

-- Returns the smallest id after one.
local function behind(id)
  local epoch, seq = string.match(id, '^(%d+)-(%d+)$')
  return string.format('%s-%.0f', epoch, seq + 1)
end
