-- Prefix of the scripts that detect lost messages of a room. Needs state.lua.

-- Returns the generation of a room ('' if unknown), and the epoch of its creation (0 if unknown): older positions
-- belong to another room that had this id.
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

-- Records that gateways wait for a room until it is whole, and the span of the positions that they have seen: '' or
-- `<lowest id> <highest id>`. Epoch 0 means that the caller has seen none.
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

-- Whether a message with this position was published that the room does not have and will never have: its position is
-- of an epoch before the room's. An epoch ended where the next one begins, because numbers continue across epochs.
-- Messages are removed from the front of a stream only, after they are in the database.
local function is_lost(stream, room_seq, epoch, seq)
  local following = redis.call('XRANGE', stream, id_of(epoch, seq), '+', 'COUNT', 1)[1]
  if not following then return seq > room_seq end
  local next_epoch, next_seq = parse_id(following[1])
  return next_epoch ~= epoch and seq >= next_seq
end

-- Publishes a room's position to the gateways subscribed to it, by an envelope without a message; 0, 0 makes them query
-- it.
local function nudge(command, channel, epoch, seq)
  redis.call(command, channel, string.format('%s-%.0f\n', epoch, seq + 1))
end

-- Records the newest position known to be lost, and the room's epoch: positions of earlier epochs cannot be resumed
-- without a gap. Notifies the gateways.
local function note_lost(losses, room, command, channel, room_epoch, room_seq, epoch, seq)
  local before = redis.call('HGET', losses, room)
  if before and not is_after(epoch, seq, parse_id(string.match(before, '%S+$'))) then return end
  redis.call('HSET', losses, room, string.format('%s %s', room_epoch, id_of(epoch, seq)))
  nudge(command, channel, '0', 0)
end

-- Records that this incarnation has lost messages of some room: positions of earlier epochs cannot be resumed without a
-- gap.
local function doubt_incarnation(life)
  redis.call('HSET', state, 'doubt', string.format('%.0f', born_of(life)))
end
