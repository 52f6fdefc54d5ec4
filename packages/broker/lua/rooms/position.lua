-- Returns positions of rooms, and whether messages were lost. Records positions that callers have seen and a room does
-- not have, which happens when Redis returns with older data; a room that ends before such a position gets a new epoch.
--
-- KEYS    1: state; 2: rooms that gateways wait for; 3: what rooms have lost; 4: records of rooms; 5: traits of rooms; 6: retentions of
--         rooms; then per room its stream
-- ARGV    1: PUBLISH or SPUBLISH; 2: suffix of the rooms' channel names; then per room: id; generation of the room that
--         the caller has seen ('' if unknown); 'node' if a node has seen it, 'client' if a client claims so: a claim
--         counts only if the stream has the beginning of that epoch, once per epoch; number of positions that follow;
--         epoch and seq of each: the first is the position up to which the caller has seen everything (0, 0 for none),
--         others are of messages that it knows of
-- reply   per room `<epoch>-<seq> <epoch> <id> <0 or 1> <letters> <generation> <days>`: its position; the epoch before which no position
--         can be resumed without a gap; the newest position known to be lost ('0-0' for none); whether all losses are
--         known by now; letters of its traits; its generation, '' if unknown; for how many days it keeps
--         messages, '' for no limit of its own. Or 'unknown' (no such room), 'incomplete' (not all rooms are
--         known yet) or 'restoring' (the room is not whole yet)

-- Time that nodes have to reconnect and report what they have seen, in milliseconds after an incarnation began.
local TESTIMONY_MS = 1500

local command = ARGV[1]
local life = current_life()
local born = born_of(life)
local held = redis.call('HMGET', state, 'began', 'mirrored', 'doubt', 'last', 'seen')
local age = now_ms() - tonumber(held[1] or 0)
-- A clock that was set back proves nothing.
local settled = held[2] == life and (age >= TESTIMONY_MS or age < 0)
local doubt = tonumber(held[3] or 0)
local highest = math.max(tonumber(held[4] or 0), tonumber(held[5] or 0))

-- Whether a position that was seen is lost.
local function lost(room, stream, room_epoch, room_seq, epoch, seq, trusted)
  if epoch == room_epoch then return trusted and seq > room_seq end
  if epoch > room_epoch then return trusted end
  if not is_lost(stream, room_seq, epoch, seq) then return false end
  if trusted then return true end
  local from = string.match(redis.call('HGET', KEYS[3], room) or '', '^%d+')
  if from and tonumber(from) >= room_epoch then return false end
  local before = redis.call('XREVRANGE', stream, id_of(epoch, seq), '-', 'COUNT', 1)[1]
  return before and parse_id(before[1]) == epoch
end

local replies, absent, at = {}, nil, 3
for n = 1, #KEYS - 6 do
  local stream, room = KEYS[n + 6], ARGV[at]
  local generation, made = record_of(KEYS[4], room)
  local trusted, count = ARGV[at + 2] == 'node', tonumber(ARGV[at + 3])
  -- Positions of another room that had this id prove nothing.
  local other = ARGV[at + 1] ~= '' and generation ~= '' and ARGV[at + 1] ~= generation
  local seen = {}
  for position = at + 4, at + 2 + 2 * count, 2 do
    local epoch, seq = tonumber(ARGV[position]), tonumber(ARGV[position + 1])
    if epoch > 0 and epoch >= made and not other then seen[#seen + 1] = { epoch, seq } end
    if trusted and epoch > highest and not other then
      highest = epoch
      redis.call('HSET', state, 'seen', ARGV[position])
    end
  end
  at = at + 4 + 2 * count
  local epoch, seq = position_of(stream)
  if not epoch or tonumber(epoch) < born then
    absent = absent or (not epoch and absence())
    replies[n] = epoch and 'restoring' or absent
    if replies[n] ~= 'unknown' then
      want(KEYS[2], room, 0, 0)
      if trusted then
        for _, position in ipairs(seen) do want(KEYS[2], room, position[1], position[2]) end
      end
    end
  else
    local room_seq = tonumber(seq)
    for _, position in ipairs(seen) do
      if lost(room, stream, tonumber(epoch), room_seq, position[1], position[2], trusted) then
        if position[1] >= tonumber(epoch) then
          epoch = new_epoch(position[1])
          begin_epoch(stream, epoch, seq)
        end
        note_lost(KEYS[3], room, command, stream .. ARGV[2], epoch, room_seq, position[1], position[2])
        if trusted and doubt < born then
          doubt = born
          doubt_incarnation(life)
        end
      end
    end
    local from, id = string.match(redis.call('HGET', KEYS[3], room) or '0 0-0', '^(%S+) (%S+)$')
    local _, letters = traits_of(KEYS[5], room)
    replies[n] = string.format(
      '%s-%s %.0f %s %d %s %s %s',
      epoch, seq, math.max(doubt, tonumber(from)), id, settled and 1 or 0, letters, generation,
      redis.call('HGET', KEYS[6], room) or ''
    )
  end
end
return replies
