-- Opening of the scripts that give out positions. KEYS[1] is always the state that all rooms of the slot share.
--
-- A server that starts, or a replica that takes over, may hold older data than somebody has seen. So the
-- data has *lives*: a life begins when a server process first works with it, and has an epoch above all
-- epochs given before. A room's first message in a life takes that epoch. Thus no position is ever used
-- twice, whatever was lost, and what a room still holds stays in one order.

local state = KEYS[1]

local function new_epoch(above)
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local last = tonumber(redis.call('HGET', state, 'last') or 0)
  local epoch = string.format('%.0f', math.max(now, last + 1, (above or 0) + 1))
  redis.call('HSET', state, 'last', epoch)
  return epoch
end

-- `<epoch>:<run id of the server process>`
local function current_life()
  local server = redis.call('INFO', 'server')
  local life = redis.call('HGET', state, 'life')
  if life and string.find(server, string.match(life, ':(%x+)'), 1, true) then return life end
  life = new_epoch() .. ':' .. string.match(server, 'run_id:(%x+)')
  redis.call('HSET', state, 'life', life)
  return life
end

-- Epoch and seq of a room as text; nil when there is no such room.
local function position_of(stream)
  if redis.call('EXISTS', stream) == 0 then return nil end
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return string.match(info[i + 1], '^(%d+)-(%d+)$') end
  end
end

-- Gives a room a new epoch. Its numbering goes on.
local function begin_epoch(stream, epoch, seq)
  redis.call('XSETID', stream, epoch .. '-' .. seq)
end

-- Why there is no room: it does not exist, or not all rooms were made known in this life.
local function absence()
  return redis.call('HGET', state, 'mirrored') == current_life() and 'unknown' or 'incomplete'
end
