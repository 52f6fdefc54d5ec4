-- Numbers, stores and publishes messages, each room's in the order given, in one step.
--
-- KEYS    one room stream per room
-- ARGV    1: PUBLISH or SPUBLISH; 2: messages to keep per room, at least
--         then per room: epoch (as the caller knows it; only a hint), channel, number of messages, bodies
-- reply   per room: {} when there is no such room, else the id `<epoch>-<seq>` of its first message and
--         how many of its messages were stored; fewer than given only when Redis refused to store more

local command, keep = ARGV[1], ARGV[2]
local replies, at = {}, 3

local function append(stream, epoch, body)
  return redis.pcall('XADD', stream, 'NOMKSTREAM', 'MAXLEN', '~', keep, epoch .. '-*', 'm', body)
end

local function refused(result)
  return type(result) == 'table' and result.err
end

local function current_epoch(stream)
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return string.match(info[i + 1], '^%d+') end
  end
end

for room = 1, #KEYS do
  local stream, epoch, channel, count = KEYS[room], ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  local first = append(stream, epoch, ARGV[at])
  if refused(first) then
    -- Most likely the room has a newer epoch than the caller has seen: its ids are refused as too small.
    epoch = current_epoch(stream)
    first = append(stream, epoch, ARGV[at])
  end
  if refused(first) then
    replies[room] = { '', 0 }
  elseif not first then
    replies[room] = {}
  else
    local seq = tonumber(string.match(first, '%d+$'))
    local lines = { first, string.format('{"seq":%.0f,', seq) .. ARGV[at] }
    local stored = 1
    while stored < count and not refused(append(stream, epoch, ARGV[at + stored])) do
      lines[stored + 2] = string.format('{"seq":%.0f,', seq + stored) .. ARGV[at + stored]
      stored = stored + 1
    end
    redis.call(command, channel, table.concat(lines, '\n'))
    replies[room] = { first, stored }
  end
  at = at + count
end

return replies
