-- Numbers, stores and publishes messages, each room's in the order given, in one step.
--
-- KEYS    1: state; then one room stream per room
-- ARGV    1: PUBLISH or SPUBLISH; 2: messages to keep per room, at least; 3: the life that the epochs are
--         from; 4: '1' when this very connection told that life: the server is still the same process then
--         then per room: epoch ('' when not known), channel, number of messages, bodies
-- reply   1: the current life; then per room two: the id `<epoch>-<seq>` of its first message, and how many
--         of its messages were stored (fewer than given only when Redis refused more); or why none was:
--         'unknown', 'incomplete' (see position.lua) or 'refused', and 0

local command, keep = ARGV[1], ARGV[2]
-- Asking who the server is costs more than all the rest of a small batch.
local life = ARGV[4] == '1' and redis.call('HGET', state, 'life') or current_life()
local born = string.match(life, '^%d+')
-- Within one life a room's epoch only grows, so one that is too old is refused. One of another life could be too new.
local may_hint = ARGV[3] == life
local replies, at = { life }, 5

local function append(stream, epoch, body)
  return redis.pcall('XADD', stream, 'NOMKSTREAM', 'MAXLEN', '~', keep, epoch .. '-*', 'm', body)
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

for room = 2, #KEYS do
  local stream, epoch, channel, count = KEYS[room], ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  local first = may_hint and epoch ~= '' and append(stream, epoch, ARGV[at])
  if not first or refused(first) then
    epoch = epoch_of(stream)
    first = epoch and append(stream, epoch, ARGV[at])
  end
  local stored = 0
  if not first then
    first = absence()
  elseif refused(first) then
    first = 'refused'
  else
    local given, seq = string.match(first, '^(%d+)-(%d+)$')
    seq = tonumber(seq)
    local lines = { first }
    repeat
      lines[stored + 2] = string.format('{"seq":%.0f,"epoch":%s,', seq + stored, given) .. ARGV[at + stored]
      stored = stored + 1
    until stored == count or refused(append(stream, epoch, ARGV[at + stored]))
    redis.call(command, channel, table.concat(lines, '\n'))
  end
  replies[#replies + 1] = first
  replies[#replies + 1] = stored
  at = at + count
end

return replies
