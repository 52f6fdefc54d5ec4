-- Numbers, stores and publishes messages, each room's in the order given, in one step. A message whose key was
-- given before is not stored again.
--
-- KEYS    1: state; 2: rooms that wait to be archived; then per room its stream and, if it has keys, the two
--         hashes of keys
-- ARGV    1: PUBLISH or SPUBLISH; 2: most bytes that may wait to be archived; 3: the life that the epochs are
--         from; 4: '1' when this very connection told that life: the server is still the same process then
--         then per room: id, channel, epoch ('' when not known), '1' when it has keys, number of messages, and
--         per message its body and, if the room has keys, its key ('' for none)
-- reply   1: the current life; then per room four: the id `<epoch>-<seq>` of its first new message; how many
--         are new; why the others that were not stored before are not stored either: 'unknown', 'incomplete'
--         (see position.lua), 'full', 'refused' (by Redis) or ''; and a list with, for each message that was
--         stored before, which one it is (from 1) and its id

local command, budget = ARGV[1], tonumber(ARGV[2])
local held = redis.call('HMGET', state, 'life', 'unstored')
-- Asking who the server is costs more than all the rest of a small batch.
local life = ARGV[4] == '1' and held[1] or current_life()
local born = string.match(life, '^%d+')
-- Within one life a room's epoch only grows, so one that is too old is refused. One of another life could be too new.
local may_hint = ARGV[3] == life
local waiting = tonumber(held[2] or 0)
local waited = waiting
local time = redis.call('TIME')
local now = time[1] .. string.format('%03d', math.floor(time[2] / 1000))
-- Keys are remembered in two hashes by turns, each of which is gone when its next turn begins. The field '' says of
-- which turn a hash is.
local TURN_SECONDS = 300
local turn = math.floor(time[1] / TURN_SECONDS)

local function append(stream, epoch, body)
  return redis.pcall('XADD', stream, 'NOMKSTREAM', epoch .. '-*', 'm', body)
end

local function refused(result)
  return type(result) == 'table' and result.err
end

-- The epoch to store under; nil when there is no such room.
local function epoch_of(stream)
  local epoch, seq = position_of(stream)
  if epoch and tonumber(epoch) < tonumber(born) then
    epoch = born
    begin_epoch(stream, epoch, seq)
  end
  return epoch
end

-- The ids of messages that were stored before, by key.
local function known_ids(current, previous, at, count)
  local keys, ids = { '' }, {}
  for n = at + 1, at + 2 * count, 2 do
    if ARGV[n] ~= '' then keys[#keys + 1] = ARGV[n] end
  end
  for _, hash in ipairs({ previous, current }) do
    for n, id in ipairs(redis.call('HMGET', hash, unpack(keys))) do
      if id then ids[keys[n]] = id end
    end
  end
  return ids
end

local function remember(hash, ids, sent)
  if ids[''] ~= tostring(turn) then
    redis.call('HSET', hash, '', turn, unpack(sent))
    redis.call('EXPIREAT', hash, (turn + 2) * TURN_SECONDS)
  else
    redis.call('HSET', hash, unpack(sent))
  end
end

local replies, marks, at, key_at = { life }, {}, 5, 3
while key_at <= #KEYS do
  local stream, channel, epoch, keyed = KEYS[key_at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3] == '1'
  local room, count, step = ARGV[at], tonumber(ARGV[at + 4]), keyed and 2 or 1
  local current, previous = KEYS[key_at + 1 + turn % 2], KEYS[key_at + 2 - turn % 2]
  at = at + 5
  local ids = keyed and known_ids(current, previous, at, count)
  local first, why, stored, known, sent, lines = '', '', 0, {}, {}, {}
  for n = 1, count do
    local body, key = ARGV[at], keyed and ARGV[at + 1] or ''
    local id = key ~= '' and ids[key]
    if id then
      known[#known + 1] = n
      known[#known + 1] = id
    elseif why == '' then
      local cost = cost_of(body)
      -- One alone always fits: else it would be refused for ever.
      if waiting > 0 and waiting + cost > budget then
        why = 'full'
      else
        if stored > 0 or (may_hint and epoch ~= '') then id = append(stream, epoch, body) end
        if stored == 0 and (not id or refused(id)) then
          epoch = epoch_of(stream)
          id = epoch and append(stream, epoch, body)
        end
        if not id then
          why = absence()
        elseif refused(id) then
          why = 'refused'
        else
          if stored == 0 then
            first = id
            lines[1] = id
          end
          stored = stored + 1
          waiting = waiting + cost
          lines[stored + 1] = '{"seq":' .. string.sub(id, #epoch + 2) .. ',"epoch":' .. epoch .. ',' .. body
          if key ~= '' then
            ids[key] = id
            sent[#sent + 1] = key
            sent[#sent + 1] = id
          end
        end
      end
    end
    at = at + step
  end
  if stored > 0 then
    redis.call(command, channel, table.concat(lines, '\n'))
    marks[#marks + 1] = now
    marks[#marks + 1] = room
  end
  if #sent > 0 then remember(current, ids, sent) end
  replies[#replies + 1] = first
  replies[#replies + 1] = stored
  replies[#replies + 1] = why
  replies[#replies + 1] = known
  key_at = key_at + (keyed and 3 or 1)
end

if waiting > waited then
  redis.call('HINCRBY', state, 'unstored', waiting - waited)
  -- Not of rooms that wait already, or that somebody is working on.
  redis.call('ZADD', KEYS[2], 'NX', unpack(marks))
end

return replies
