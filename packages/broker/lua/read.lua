-- Marks a room as read by a user up to a position. Notifies the user's sockets by the activity channel, and in a small room
-- the sockets in it.
--
-- KEYS    1: state; 2: stream of the room; 3: traits of rooms; 4: read positions
-- ARGV    1: PUBLISH or SPUBLISH; 2: suffix of channel names; 3: room; 4: user; 5: epoch; 6: seq; 7: '1' if the
--         position may move backwards, else ''
-- reply   `<id> <n> <id>` as in the hash of read positions; or 'unknown' (no such room), 'incomplete' (not all rooms are known yet) or
--         'restoring' (the room is not whole yet)

local command, suffix, room, user, unread = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[7] == '1'
local newest_epoch, newest_seq = position_of(KEYS[2])
if not newest_epoch then return absence() end
if tonumber(newest_epoch) < born_of(current_life()) then return 'restoring' end
local changes, letters = traits_of(KEYS[3], room)

-- Ordinal of the last message up to a position that has an entry; '-' if unknown. An entry without a count precedes the first change of
-- the room, or is of a gateway that does not count.
local function ordinal_at(id, seq)
  local entry = redis.call('XRANGE', KEYS[2], id, id)[1]
  if not entry then return '-' end
  local fields = entry[2]
  for at = 1, #fields, 2 do
    if fields[at] == 'c' then return string.format('%.0f', seq - fields[at + 1]) end
  end
  return changes == 0 and seq or '-'
end

local id, n = ARGV[5] .. '-' .. ARGV[6], nil
if is_after(tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(newest_epoch), tonumber(newest_seq) - 1) then
  id, n = newest_epoch .. '-' .. newest_seq, string.format('%.0f', newest_seq - changes)
elseif ARGV[5] == '0' then
  n = '0'
else
  n = ordinal_at(id, ARGV[6])
end

local field = room .. ':' .. user
local held = redis.call('HGET', KEYS[4], field)
local unread_at = unread and newest_epoch .. '-' .. newest_seq or '-'
if held and not unread then
  local held_id, held_n, held_unread = string.match(held, '^(%S+) (%S+) (%S+)')
  local held_epoch, held_seq = parse_id(held_id)
  local epoch, seq = parse_id(id)
  if not is_after(epoch, seq, held_epoch, held_seq) then return held_id .. ' ' .. held_n .. ' ' .. held_unread end
  unread_at = held_unread
end

local mark, time = id .. ' ' .. n .. ' ' .. unread_at, redis.call('TIME')
-- The time makes the value unique: an archiver removes exactly what it has stored.
redis.call('HSET', KEYS[4], field, mark .. ' ' .. time[1] .. '.' .. time[2])
local epoch, seq = string.match(id, '^(%d+)%-(%d+)$')
local line = 'r ' .. room .. ' ' .. user .. ' ' .. epoch .. ' ' .. seq .. ' ' .. n .. (unread and ' u' or '')
redis.call(command, activity_channel(suffix), line)
if string.find(letters, 's', 1, true) then
  local frame = '{"type":"read","roomId":' .. room .. ',"userId":' .. user .. ',"epoch":' .. epoch .. ',"seq":' .. seq
  frame = frame .. (n == '-' and '' or ',"n":' .. n) .. (unread and ',"unread":true' or '') .. '}'
  redis.call(command, KEYS[2] .. suffix, '~\n' .. frame)
end
return mark
