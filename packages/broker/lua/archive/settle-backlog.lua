-- Records up to where a room is in the database, trims messages, notifies the gateways, and schedules the next visit of
-- the room.
--
-- KEYS    1: state; 2: rooms that wait to be archived; 3: rooms with messages that become too old; 4: what is
--         stored; 5: room stream; 6, 7: hashes of keys; 8: records of rooms; 9: rooms that gateways wait for; 10: what rooms
--         have lost; 11: what users have of the budget; 12: traits of rooms;
--         13: retentions of rooms
-- ARGV    1: room id; 2: id up to which it is stored; 3: number of newest messages to keep; 4: for how many
--         milliseconds, 0 for ever; 5: PUBLISH or SPUBLISH; 6: channel; 7: number of entries to erase; their ids; then,
--         if it is stored up to the last of the entries that were read: the id of the first of them; their bytes in the
--         budget; and per user who sent some of them two: id, bytes
-- reply   1 if the watermark rose, else 0

local AT_ONCE = 1000
local DAY_MS = 86400000
local room, stream = ARGV[1], KEYS[5]
local erased = tonumber(ARGV[7])
-- Where what was read is described, if it is.
local read_at = 8 + erased
local first_read = ARGV[read_at]

-- Stored messages came from this stream. If one is missing without having been trimmed, Redis returned with older data.
local function look_for_losses()
  local epoch, seq = position_of(stream)
  if not epoch then return end
  local life = current_life()
  local _, made = record_of(KEYS[8], room)
  local stored_epoch, stored_seq = parse_id(ARGV[2])
  local room_epoch, room_seq = tonumber(epoch), tonumber(seq)
  if room_epoch < born_of(life) then
    if is_after(stored_epoch, stored_seq, room_epoch, room_seq) then
      want(KEYS[9], room, stored_epoch, stored_seq)
    end
  elseif stored_epoch >= made and stored_epoch < room_epoch and is_lost(stream, room_seq, stored_epoch, stored_seq) then
    note_lost(KEYS[10], room, ARGV[5], ARGV[6], epoch, room_seq, stored_epoch, stored_seq)
    doubt_incarnation(life)
  end
end

-- Trims stored messages that are too old, a limited number at a time because Redis serves no other client meanwhile.
-- Returns the time at which the oldest remaining one becomes too old; nil if none is left.
local function trim_old(stored, max_age, now)
  local page = 1
  for _ = 1, 10 do
    local entries = redis.call('XRANGE', stream, '-', stored, 'COUNT', page)
    for _, entry in ipairs(entries) do
      -- Within the content, quotes are escaped.
      local sent = string.match(entry[2][2], '"sentAt":(%d+)')
      if sent and tonumber(sent) + max_age > now then
        redis.call('XTRIM', stream, 'MINID', entry[1])
        return tonumber(sent) + max_age
      end
    end
    if #entries == 0 then return nil end
    redis.call('XTRIM', stream, 'MINID', behind(entries[#entries][1]))
    page = AT_ONCE
  end
  return now
end

-- Removes all entries up to a number, epoch by epoch. By number and not by count, because erased entries count: the log of
-- changes in the database reaches back equally far, so what it no longer has is not here either.
local function trim_up_to(seq)
  while true do
    local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    local epoch, first_seq = string.match(first and first[1] or '', '^(%d+)-(%d+)$')
    if not epoch or tonumber(first_seq) > seq then return end
    redis.call('XTRIM', stream, 'MINID', string.format('%s-%.0f', epoch, seq + 1))
  end
end

-- Whether exactly the entries that were read wait up to there. Only settled entries are erased, and others are removed from
-- the front, so comparing both ends is enough.
local function waits_as_read(before)
  local first = first_read and redis.call('XRANGE', stream, '(' .. before, ARGV[2], 'COUNT', 1)[1]
  if not first or first[1] ~= first_read then return false end
  return first_read == ARGV[2] or #redis.call('XRANGE', stream, ARGV[2], ARGV[2]) == 1
end

-- Only present messages are settled: what was stored of an earlier room of that id, or before Redis returned with older
-- data, proves nothing about later messages.
local before = redis.call('HGET', KEYS[4], room) or '0-0'
local stored, bytes = before, 0
local by_user = count_by_user(KEYS[11])
if waits_as_read(before) then
  stored, bytes = ARGV[2], tonumber(ARGV[read_at + 1])
  for at = read_at + 2, by_user and #ARGV or 0, 2 do by_user[ARGV[at]] = tonumber(ARGV[at + 1]) end
else
  repeat
    local page = redis.call('XRANGE', stream, '(' .. stored, ARGV[2], 'COUNT', AT_ONCE)
    bytes = bytes + cost_of_all(page, by_user)
    if #page > 0 then stored = page[#page][1] end
  until #page < AT_ONCE
  if stored ~= ARGV[2] and ARGV[2] ~= '0-0' then look_for_losses() end
end
if stored ~= before then
  redis.call('HSET', KEYS[4], room, stored)
  take_off(bytes, KEYS[11], by_user)
  redis.call(ARGV[5], ARGV[6], '=' .. stored)
end
-- Last, so that what they count was taken off. A reader recognises them by the hole: see `Broker.between`.
for at = 8, 7 + erased, 1000 do
  redis.call('XDEL', stream, unpack(ARGV, at, math.min(at + 999, 7 + erased)))
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
newest = newest and newest[1] or stored
-- A room's numbers continue across epochs, so their difference is the number of entries that are not stored.
local newest_seq, stored_seq = tonumber(string.match(newest, '%d+$')), tonumber(string.match(stored, '%d+$'))
local kept = math.max(tonumber(ARGV[3]), newest_seq - stored_seq)
trim_up_to(math.max(newest_seq, stored_seq) - kept)
local max_age = tonumber(ARGV[4])
local days = redis.call('HGET', KEYS[13], room)
if days and (max_age == 0 or days * DAY_MS < max_age) then max_age = days * DAY_MS end
local too_old_at = max_age > 0 and trim_old(stored, max_age, now)
if too_old_at then redis.call('ZADD', KEYS[3], too_old_at, room) else redis.call('ZREM', KEYS[3], room) end
if newest == stored then redis.call('ZREM', KEYS[2], room) else redis.call('ZADD', KEYS[2], now, room) end
return stored == before and 0 or 1
