-- Compares rooms of the database with the rooms in Redis. Creates missing rooms, and marks rooms as whole that have
-- every message of the database.
--
-- KEYS    1: state; 2: rooms that wait to be archived; 3: rooms with messages that become too old; 4: what is
--         stored; 5: records of rooms; 6: rooms that gateways wait for; 7: what rooms have lost; 8: traits of rooms; then per room
--         three: its stream and its hashes of keys
-- ARGV    1: PUBLISH or SPUBLISH; 2: end of the rooms' channel names; 3: the time of the database, in
--         milliseconds since 1970; then per room six: id;
--         generation; epoch and seq of its last entry in the database, 0 and 0 for none; number of its entries up to
--         that one that are not messages; letters of its kind and size, '' for public without members
-- reply   per room 'made', 'whole', 'older' (Redis has an earlier room of that id), 'newer' (Redis has a later one,
--         which the caller does not know yet), or `behind <id> <id> <id>`: the room may lack messages of the database;
--         the end of its stream ('-' without a stream), the last message in the stream that is not known to be in the
--         database, and the lowest position that gateways have seen ('-' for none)

local command, floor = ARGV[1], tonumber(ARGV[3])
local newest = 0
for at = 6, #ARGV, 6 do newest = math.max(newest, tonumber(ARGV[at])) end
local born = born_of(life_above(newest, floor))

-- Returns the last message of a stream that is not known to be in the database.
local function unstored_end(room, stream)
  local stored = redis.call('HGET', KEYS[4], room) or '0-0'
  local newest = redis.call('XREVRANGE', stream, '+', '(' .. stored, 'COUNT', 1)[1]
  return newest and newest[1] or '-'
end

local replies = {}
for n = 1, (#KEYS - 8) / 3 do
  local key, at = n * 3 + 6, n * 6 - 2
  local stream, room, generation = KEYS[key], ARGV[at], ARGV[at + 1]
  local stored_epoch, stored_seq = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local changes, kind = tonumber(ARGV[at + 4]), ARGV[at + 5]
  local epoch, seq = position_of(stream)
  local known, made = record_of(KEYS[5], room)
  local low, high = string.match(redis.call('HGET', KEYS[6], room) or '', '^(%S+) (%S+)$')
  if epoch and known ~= '' and known ~= generation then
    replies[n] = tonumber(known) < tonumber(generation) and 'older' or 'newer'
  elseif epoch then
    if known == '' then note_record(KEYS[5], room, generation, made) end
    local room_epoch, room_seq = tonumber(epoch), tonumber(seq)
    local whole = room_epoch >= born
    local behind = is_after(stored_epoch, stored_seq, room_epoch, room_seq)
    if not behind and not whole and high then
      -- Gateways have seen a later position: the message may be in the database by now.
      local high_epoch, high_seq = parse_id(high)
      behind = is_after(high_epoch, high_seq, room_epoch, room_seq)
    end
    if behind then
      replies[n] = string.format('behind %s-%s %s %s', epoch, seq, unstored_end(room, stream), low or '-')
    else
      if not whole then
        epoch = new_epoch(math.max(floor, stored_epoch))
        begin_epoch(stream, epoch, seq)
        nudge(command, stream .. ARGV[2], epoch, room_seq)
      end
      -- The count is right unless the hash alone was lost; then that of the database is the best there is.
      local known_changes, letters = traits_of(KEYS[8], room)
      local traits = with_letters(letters, kind)
      if known_changes < changes or letters ~= traits then
        note_traits(KEYS[8], room, math.max(known_changes, changes), traits)
      end
      redis.call('HDEL', KEYS[6], room)
      replies[n] = 'whole'
    end
  elseif stored_epoch > 0 or high then
    replies[n] = string.format('behind - - %s', low or '-')
  else
    -- Left over from a room whose stream was not removed by these scripts, for example evicted.
    redis.call('DEL', KEYS[key + 1], KEYS[key + 2])
    redis.call('ZREM', KEYS[2], room)
    redis.call('ZREM', KEYS[3], room)
    redis.call('HDEL', KEYS[4], room)
    redis.call('HDEL', KEYS[6], room)
    redis.call('HDEL', KEYS[7], room)
    -- A stream can only be created with an entry; removing the entry keeps the position.
    epoch = new_epoch(floor)
    note_record(KEYS[5], room, generation, epoch)
    note_traits(KEYS[8], room, 0, kind)
    redis.call('XDEL', stream, redis.call('XADD', stream, epoch .. '-0', 'm', ''))
    nudge(command, stream .. ARGV[2], epoch, 0)
    replies[n] = 'made'
  end
end
return replies
