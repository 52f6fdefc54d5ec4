-- Opening of the scripts that find out whether a room has lost messages. Needs state.lua.

-- The generation of a room ('' when not known), and the epoch that it was made with (0 when not known): what is older
-- belongs to another room that had its id.
local function record_of(records, room)
  local generation, made = string.match(redis.call('HGET', records, room) or ':0', '^(%d*):(%d+)$')
  return generation, tonumber(made)
end

local function note_record(records, room, generation, made)
  redis.call('HSET', records, room, generation .. ':' .. string.format('%.0f', made))
end

local function parse_id(id)
  local epoch, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(epoch), tonumber(seq)
end

local function id_of(epoch, seq)
  return string.format('%.0f-%.0f', epoch, seq)
end

local function is_after(epoch, seq, other_epoch, other_seq)
  return epoch > other_epoch or (epoch == other_epoch and seq > other_seq)
end

-- Notes that a room is waited for until it is whole, and the span of the positions that callers have seen of it: '' or
-- `<lowest id> <highest id>`. Epoch 0 is that of a caller that has seen none.
local function want(wanted, room, epoch, seq)
  if epoch == 0 then
    redis.call('HSETNX', wanted, room, '')
    return
  end
  local lowest, highest = { epoch, seq }, { epoch, seq }
  local low, high = string.match(redis.call('HGET', wanted, room) or '', '^(%S+) (%S+)$')
  if low then
    local low_epoch, low_seq = parse_id(low)
    local high_epoch, high_seq = parse_id(high)
    if is_after(epoch, seq, low_epoch, low_seq) then lowest = { low_epoch, low_seq } end
    if is_after(high_epoch, high_seq, epoch, seq) then highest = { high_epoch, high_seq } end
  end
  redis.call('HSET', wanted, room, id_of(unpack(lowest)) .. ' ' .. id_of(unpack(highest)))
end

-- Whether a message with this position was given out that the room does not have, and will never have: its position is
-- of an epoch before the room's. An epoch ended where the numbers of the next one begin, because numbers go on from
-- epoch to epoch. Messages go from the front of a stream only, and not before they are in the database.
local function is_lost(stream, room_seq, epoch, seq)
  local following = redis.call('XRANGE', stream, id_of(epoch, seq), '+', 'COUNT', 1)[1]
  if not following then return seq > room_seq end
  local next_epoch, next_seq = parse_id(following[1])
  return next_epoch ~= epoch and seq >= next_seq
end

-- Tells gateways that follow a room where it stands, by an envelope without a message; 0, 0 makes all of them ask.
local function nudge(command, channel, epoch, seq)
  redis.call(command, channel, string.format('%s-%.0f\n', epoch, seq + 1))
end

-- Notes the newest position that is known to be lost, and the room's epoch: nothing goes on without a hole from
-- epochs before it. Tells the gateways.
local function note_lost(losses, room, command, channel, room_epoch, room_seq, epoch, seq)
  local before = redis.call('HGET', losses, room)
  if before and not is_after(epoch, seq, parse_id(string.match(before, '%S+$'))) then return end
  redis.call('HSET', losses, room, string.format('%s %s', room_epoch, id_of(epoch, seq)))
  nudge(command, channel, '0', 0)
end

-- Notes that this incarnation has lost messages, in whatever room: nothing goes on without a hole from epochs before it.
local function doubt_incarnation(life)
  redis.call('HSET', state, 'doubt', string.format('%.0f', born_of(life)))
end
