-- Appends entries of the database to a room that lacks them, at their own positions. At the end marks the room as
-- whole: it gets a new epoch, which continues the numbers.
--
-- KEYS    1: state; 2: rooms that wait to be archived; 3: rooms with messages that become too old; 4: what is
--         stored; 5: room stream; 6, 7: hashes of keys; 8: records of rooms; 9: rooms that gateways wait for; 10: what rooms
--         have lost; 11: what users have of the budget; 12: traits of rooms;
--         13: retentions of rooms
-- ARGV    1: room id; 2: generation; 3: PUBLISH or SPUBLISH; 4: the room's channel; 5: the time of the database, in
--         milliseconds since 1970; 6: end of the stream as the caller knows it, '-' without a stream; 7: 'stored' if
--         everything up to the last of the messages is in the database, 'cut' if they also do not follow the content of
--         the stream, which is then removed, else ''; 8: '1' if these are the last ones: the room is then marked as
--         whole; 9, 10: epoch and seq of the last entry in the database, 0 and 0 for none; 11: number of entries up
--         to that one that are not messages; 12: letters of the kind and size; then per entry four: id, body, key
--         ('' for none), number of entries up to it that are not messages ('' for 0)
-- reply   1, or 0 if the stream no longer ends there or is of another generation: nothing was done

local TURN_SECONDS = 300
local ERASING = { deleted = true, edited = true, appended = true }
local room, command, channel, stream = ARGV[1], ARGV[3], ARGV[4], KEYS[5]
local end_epoch, end_seq = tonumber(ARGV[9]), tonumber(ARGV[10])
-- An archiver may have stored further messages since the room was read.
if #ARGV > 12 then end_epoch = math.max(end_epoch, (parse_id(ARGV[#ARGV - 3]))) end
local life = life_above(end_epoch, tonumber(ARGV[5]))
local epoch, seq = position_of(stream)
if ARGV[6] ~= (epoch and epoch .. '-' .. seq or '-') then return 0 end
local known, made = record_of(KEYS[8], room)
if epoch and known ~= '' and known ~= ARGV[2] then return 0 end
local wanted = redis.call('HGET', KEYS[9], room)
-- Left over from a stream that was not removed by these scripts, but lost or evicted.
if not epoch then forget_room(room) end
note_record(KEYS[8], room, ARGV[2], epoch and made or 0)
local changes, letters = traits_of(KEYS[12], room)
letters = with_letters(letters, ARGV[12])

-- Whether entries that can erase texts wait in the stream: deletions, and changes of texts that may be deleted. An archiver must claim
-- them once more: what it erased before was erased in later data than these.
local function can_erase()
  local from, page = redis.call('HGET', KEYS[4], room) or '0-0', nil
  repeat
    page = redis.call('XRANGE', stream, '(' .. from, '+', 'COUNT', 1000)
    for _, entry in ipairs(page) do
      if ERASING[string.match(entry[2][2], '^"type":"change","change":"(%a+)"')] then return true end
    end
    if #page > 0 then from = page[#page][1] end
  until #page < 1000
  return false
end

local before = ARGV[7]
if before == 'stored' and epoch and can_erase() then before = '' end

if before ~= '' and epoch then
  local page
  local from = redis.call('HGET', KEYS[4], room) or '0-0'
  repeat
    page = redis.call('XRANGE', stream, '(' .. from, '+', 'COUNT', 1000)
    if #page > 0 then
      local by_user = count_by_user(KEYS[11])
      take_off(cost_of_all(page, by_user), KEYS[11], by_user)
      from = page[#page][1]
    end
  until #page < 1000
  if from ~= '0-0' then redis.call('HSET', KEYS[4], room, from) end
  if before == 'cut' then redis.call('XTRIM', stream, 'MAXLEN', 0) end
end

local time = redis.call('TIME')
local turn = math.floor(time[1] / TURN_SECONDS)
local keys, waiting = {}, 0
for at = 13, #ARGV, 4 do
  if ARGV[at + 3] == '' then
    redis.call('XADD', stream, ARGV[at], 'm', ARGV[at + 1])
  else
    redis.call('XADD', stream, ARGV[at], 'm', ARGV[at + 1], 'c', ARGV[at + 3])
  end
  waiting = waiting + cost_of(ARGV[at + 1])
  if ARGV[at + 2] ~= '' then
    keys[#keys + 1] = ARGV[at + 2]
    keys[#keys + 1] = ARGV[at]
  end
end
if #keys > 0 then
  -- Keys are kept as publish.lua keeps them.
  local current = KEYS[6 + turn % 2]
  redis.call('HSET', current, '', tostring(turn), unpack(keys))
  redis.call('EXPIREAT', current, (turn + 2) * TURN_SECONDS)
end
if #ARGV > 12 then
  changes = tonumber(ARGV[#ARGV]) or 0
  if before == '' then
    -- Not counted by user: the messages are in PostgreSQL, and the archiver only has to notice.
    redis.call('HINCRBY', state, 'unstored', waiting)
  else
    redis.call('HSET', KEYS[4], room, ARGV[#ARGV - 3])
  end
  -- An archiver then trims the messages that are too old or too many.
  redis.call('ZADD', KEYS[2], 'NX', now_ms(), room)
end
doubt_incarnation(life)
note_traits(KEYS[12], room, changes, letters)
if ARGV[8] ~= '1' then
  if wanted then redis.call('HSET', KEYS[9], room, wanted) end
  return 1
end

epoch, seq = position_of(stream)
-- Ordinals of messages go on from the highest known one.
local ordinal = end_seq - tonumber(ARGV[11])
if epoch then
  ordinal = math.max(ordinal, tonumber(seq) - changes)
  end_epoch = math.max(end_epoch, tonumber(epoch))
  end_seq = math.max(end_seq, tonumber(seq))
end
note_traits(KEYS[12], room, end_seq - ordinal, letters)
local high = string.match(wanted or '', '%S+$')
local high_epoch, high_seq = 0, 0
if high then high_epoch, high_seq = parse_id(high) end
local new = new_epoch(math.max(tonumber(ARGV[5]), end_epoch, high_epoch))
if epoch then
  begin_epoch(stream, new, string.format('%.0f', end_seq))
else
  redis.call('XDEL', stream, redis.call('XADD', stream, string.format('%s-%.0f', new, end_seq), 'm', ''))
end
redis.call('HDEL', KEYS[9], room)
if high and is_lost(stream, end_seq, high_epoch, high_seq) then
  note_lost(KEYS[10], room, command, channel, new, end_seq, high_epoch, high_seq)
end
nudge(command, channel, new, end_seq)
return 1
