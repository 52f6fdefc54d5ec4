-- Prefix of the scripts that assign positions. KEYS[1] is always the state that all rooms of the slot share.
--
-- A server that starts, or a replica that is promoted, may hold older data than clients have seen. The data therefore
-- has *incarnations* (`life` in the state): one begins when a server process first works with the data, and has an
-- epoch above all earlier ones. A room is *whole* in an incarnation once it has an epoch that is not older: an API
-- assigns it after comparing the room with the database (bring-in.lua, restore-room.lua). Until then the room can be
-- neither joined nor published to. So no position is ever used twice, whatever was lost, and the messages of a room
-- stay in one order.
-- a room holds stays in one order.

local state = KEYS[1]

-- Milliseconds since 1970 by the clock of this server, which can be set back.
local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function new_epoch(above)
  local held = redis.call('HMGET', state, 'last', 'seen')
  local last, seen = tonumber(held[1] or 0), tonumber(held[2] or 0)
  local epoch = string.format('%.0f', math.max(now_ms(), last + 1, seen + 1, (above or 0) + 1))
  redis.call('HSET', state, 'last', epoch)
  return epoch
end

local function begin_life(run_id, above)
  local life = new_epoch(above) .. ':' .. run_id
  redis.call('HSET', state, 'life', life, 'began', string.format('%.0f', now_ms()))
  return life
end

-- `<epoch>:<run id of the server process>`
local function current_life()
  local server = redis.call('INFO', 'server')
  local life = redis.call('HGET', state, 'life')
  if life and string.find(server, string.match(life, ':(%x+)'), 1, true) then return life end
  return begin_life(string.match(server, 'run_id:(%x+)'))
end

-- Returns the incarnation in which to restore messages of the database. An epoch that this data never assigned belongs
-- to lost data, under a clock that was ahead of this one. Then another incarnation begins, above it and the given
-- floor: in a lower one, a room would count as whole while it is being restored.
local function life_above(epoch, floor)
  local life = current_life()
  if epoch <= tonumber(redis.call('HGET', state, 'last') or 0) then return life end
  return begin_life(string.match(life, ':(%x+)'), math.max(epoch, floor))
end

-- Returns the epoch with which an incarnation began.
local function born_of(life)
  return tonumber(string.match(life, '^%d+'))
end

-- Returns epoch and seq of a room as text; nil if there is no such room.
local function position_of(stream)
  if redis.call('EXISTS', stream) == 0 then return nil end
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return string.match(info[i + 1], '^(%d+)-(%d+)$') end
  end
end

-- Gives a room a new epoch. Its numbering continues.
local function begin_epoch(stream, epoch, seq)
  redis.call('XSETID', stream, epoch .. '-' .. seq)
end

-- Returns why there is no room: it does not exist, or not all rooms are known in this incarnation.
local function absence()
  return redis.call('HGET', state, 'mirrored') == current_life() and 'unknown' or 'incomplete'
end
