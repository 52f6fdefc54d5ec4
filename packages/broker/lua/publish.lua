-- Numbers, stores and publishes messages and changes in one step, each room's in the given order. One whose key was used
-- before is not stored again.
--
-- The ordinal of a message is its number without the changes before it. In a room that has changes each entry of the stream
-- has their number in its field `c`, and the frames of messages have their ordinal as `n`.
--
-- KEYS    1: state; 2: rooms that wait to be archived; 3: rooms that gateways wait for; 4: what is stored; 5: what users
--         have of the budget; 6: traits of rooms; then per room its stream and, if it has keys, the two hashes of keys
-- ARGV    1: PUBLISH or SPUBLISH; 2: maximum bytes that may wait to be archived; 3: incarnation of the epochs; 4: '1'
--         if this connection returned that incarnation before: the server is then the process that it was; 5: suffix of
--         the rooms' channel names, which begin with the names of their streams; 6: number of rooms; then their
--         ids; then per room: epoch ('' if unknown), number of messages, negative if it has keys; the bodies; and, if it has keys, one for each body (''
--         for none)
-- reply   1: the current incarnation; then per room the id `<epoch>-<seq>` of its first message if all are new and
--         stored, else a list: the id of its first new message; number of new ones; why the remaining ones were not
--         stored: 'unknown', 'incomplete', 'restoring' (see position.lua), 'full', 'refused' (by Redis) or ''; and for
--         each message that was stored before, its number (from 1) and its id, or '' for one that is refused because
--         its user has used a share of the budget
--
-- News of rooms with members travel in one message on the activity channel of the scope: see activity.lua.
--
-- Lua hashes every byte of a new string, so the script creates few long ones.

local KEYS, ARGV, call, pcall = KEYS, ARGV, redis.call, redis.pcall
local command, budget, channel_suffix = ARGV[1], tonumber(ARGV[2]), ARGV[5]
local held = call('HMGET', state, 'life', 'unstored', 'traits')
-- Reading the server's run id costs more than all the rest of a small batch.
local life = ARGV[4] == '1' and held[1] or current_life()
-- Within one incarnation a room's epoch only grows, so an epoch that is too old is refused. One of another incarnation
-- could be too new.
local may_hint = ARGV[3] == life
local rooms = tonumber(ARGV[6])
local first_room = 7 + rooms
local has_traits = held[3]
local traits = has_traits and call('HMGET', KEYS[6], unpack(ARGV, 7, 6 + rooms)) or {}
local byte, C = string.byte, string.byte('c')
local waiting = tonumber(held[2] or 0)
local waited = waiting
local time = call('TIME')
-- Keys are kept in two hashes by turns; each expires when its next turn begins. The field '' holds the number of a
-- hash's turn.
local TURN_SECONDS = 300
local turn = math.floor(time[1] / TURN_SECONDS)
local turn_name = tostring(turn)
local current_at, previous_at = 1 + turn % 2, 2 - turn % 2

local function append(stream, epoch, body, changes)
  if changes == 0 then return pcall('XADD', stream, 'NOMKSTREAM', epoch .. '-*', 'm', body) end
  return pcall('XADD', stream, 'NOMKSTREAM', epoch .. '-*', 'm', body, 'c', string.format('%.0f', changes))
end

local function refused(result)
  return type(result) == 'table' and result.err
end

-- Returns the epoch to store under, or nil and the reason for which there is none.
local function epoch_of(stream, room)
  local epoch = position_of(stream)
  if epoch and tonumber(epoch) >= born_of(life) then return epoch end
  local why = epoch and 'restoring' or absence()
  if why ~= 'unknown' then call('HSETNX', KEYS[3], room, '') end
  return nil, why
end

-- Returns the ids of earlier messages by the keys in ARGV, and whether the current hash is of this turn.
local function known_ids(current, previous, from, to)
  local older = call('HMGET', previous, unpack(ARGV, from, to))
  local newer = call('HMGET', current, '', unpack(ARGV, from, to))
  local ids = {}
  for n = from, to do
    local id = newer[n - from + 2] or older[n - from + 1]
    if id and ARGV[n] ~= '' then ids[ARGV[n]] = id end
  end
  return ids, newer[1] == turn_name
end

-- Returns the number of messages of a room that are not in the database. They are never trimmed, so the stream has all
-- of them; a room that was created with a position, and has nothing stored since, has no more than those either.
local function unstored_of(stream, room)
  if call('EXISTS', stream) == 0 then return 0 end
  local info, held = call('XINFO', 'STREAM', stream), {}
  for i = 1, #info, 2 do held[info[i]] = info[i + 1] end
  local stored = call('HGET', KEYS[4], room) or '0-0'
  local after = string.match(held['last-generated-id'], '%d+$') - string.match(stored, '%d+$')
  return math.min(after, held['length'])
end

-- While bytes are counted by user: the senders of the messages in order; the bytes of these users, infinite for a
-- refused one; and their bytes after this batch.
local counted_from = budget * COUNTED_FROM
local senders, held, changed
if waiting > counted_from then
  local users, at, key_at = {}, first_room, 7
  senders, held = {}, {}
  while key_at <= #KEYS do
    local first, count = at + 2, tonumber(ARGV[at + 1])
    at = first + math.abs(count)
    for place = first, at - 1 do
      local user = user_of(ARGV[place])
      senders[#senders + 1] = user
      if user and not held[user] then
        held[user] = 0
        users[#users + 1] = user
      end
    end
    at = count < 0 and at - count or at
    key_at = key_at + (count < 0 and 3 or 1)
  end
  for n, bytes in ipairs(users[1] and call('HMGET', KEYS[5], unpack(users)) or {}) do
    held[users[n]] = tonumber(bytes or 0)
  end
end

-- `done` messages belong to previous rooms.
local replies, marks, at, key_at, last, done, nth = { life }, {}, first_room, 7, #KEYS, 0, 0
-- Lines for the activity channel, and whether it is read.
local news, watched
local changes_by_traits, letters_by_traits = has_traits and {}, has_traits and {}
local now = time[1] .. string.format('%03d', math.floor(time[2] / 1000))
while key_at <= last do
  nth = nth + 1
  local stream, room, epoch, count = KEYS[key_at], ARGV[6 + nth], ARGV[at], tonumber(ARGV[at + 1])
  local keyed = count < 0
  if keyed then count = -count end
  local first_body = at + 2
  local changes, letters = 0, ''
  local room_traits = traits[nth]
  if room_traits then
    -- Most rooms of a batch have the same.
    changes, letters = changes_by_traits[room_traits], letters_by_traits[room_traits]
    if not changes then
      changes, letters = string.match(room_traits, '^(%d*)(%a*)$')
      changes = tonumber(changes) or 0
      changes_by_traits[room_traits], letters_by_traits[room_traits] = changes, letters
    end
    if watched == nil and letters ~= '' then watched = is_watched(command, channel_suffix) end
  end
  local changes_before = changes
  local followed, fresh, fresh_seq, ordinals = watched and letters ~= '', nil, nil, nil
  local keys_at = first_body + count
  local ids, same_turn
  if keyed then
    ids, same_turn = known_ids(KEYS[key_at + current_at], KEYS[key_at + previous_at], keys_at, keys_at + count - 1)
  end
  local first, why, stored, frames, more, known, sent, unstored = '', '', 0, nil, nil, nil, nil, nil
  for n = 1, count do
    local body, key = ARGV[first_body + n - 1], keyed and ARGV[keys_at + n - 1] or ''
    local id = key ~= '' and ids[key]
    if id then
      known = known or {}
      known[#known + 1] = n
      known[#known + 1] = id
    elseif why == '' then
      local cost = cost_of(body)
      -- Counted once, and only when needed: counting costs as much as a small message.
      if not unstored and waiting * 2 > budget then unstored = unstored_of(stream, room) - stored end
      local user, user_bytes
      if waiting > counted_from then
        held = held or {}
        if senders then user = senders[done + n] else user = user_of(body) end
        user_bytes = held[user] or 0
      end
      -- A single message always fits: otherwise it would be refused for ever.
      if waiting > 0 and waiting + cost > budget or unstored and is_crowded(unstored + stored, cost, waiting, budget) then
        why = 'full'
      elseif user and waiting * 2 > budget and user_bytes > 0 and user_bytes + cost > budget * USER_SHARE then
        -- Messages of other users may still fit. Later ones of this user must not overtake the refused one.
        held[user] = math.huge
        known = known or {}
        known[#known + 1] = n
        known[#known + 1] = ''
      else
        -- `"type":"change"`
        local is_change = byte(body, 9) == C
        local changes_now = is_change and changes + 1 or changes
        if stored > 0 or (may_hint and epoch ~= '') then id = append(stream, epoch, body, changes_now) end
        if stored == 0 and (not id or refused(id)) then
          epoch, why = epoch_of(stream, room)
          id = epoch and append(stream, epoch, body, changes_now)
          why = why or (id and '' or 'restoring')
        end
        if why ~= '' then
          epoch = ''
        elseif refused(id) then
          -- If the first write of a script fails because of the server (READONLY, OOM, …), nothing is stored, and the
          -- caller has to know. Any other error concerns this stream only.
          if waiting == waited and not string.find(id.err, '^%-?ERR') and not string.find(id.err, 'WRONGTYPE', 1, true) then
            return id
          end
          why = 'refused'
        else
          if user then
            changed = changed or {}
            held[user] = user_bytes + cost
            changed[user] = held[user]
          end
          waiting = waiting + cost
          stored = stored + 1
          changes = changes_now
          local seq, opening = string.sub(id, #epoch + 2), ','
          if changes > 0 and not is_change then opening = string.format(',"n":%.0f,', seq - changes) end
          if stored == 1 then
            first = id
            frames = id .. '\n{"seq":' .. seq .. ',"epoch":' .. epoch .. opening .. body
          else
            more = more or { frames }
            local last_piece = #more
            more[last_piece + 1] = '\n{"seq":'
            more[last_piece + 2] = seq
            more[last_piece + 3] = ',"epoch":' .. epoch .. opening
            more[last_piece + 4] = body
          end
          if is_change then
            local line = line_of_change(room, epoch, seq, seq - changes, body, followed)
            if line then
              news = news or {}
              -- In the order of the entries: members get no news behind their removal.
              if fresh then news[#news + 1] = line_of_messages(room, epoch, fresh_seq, fresh, ordinals) end
              news[#news + 1], fresh = line, nil
            end
          elseif followed then
            local ordinal = changes > 0 and string.format('%.0f', seq - changes) or seq
            fresh_seq = seq
            if fresh then
              fresh[#fresh + 1], ordinals[#ordinals + 1] = body, ordinal
            else
              fresh, ordinals = { body }, { ordinal }
            end
          end
          if key ~= '' then
            ids[key] = id
            sent = sent or {}
            sent[#sent + 1] = key
            sent[#sent + 1] = id
          end
        end
      end
    end
  end
  if stored > 0 then
    call(command, stream .. channel_suffix, more and table.concat(more) or frames)
    marks[#marks + 1] = now
    marks[#marks + 1] = room
    if fresh then
      news = news or {}
      news[#news + 1] = line_of_messages(room, epoch, fresh_seq, fresh, ordinals)
    end
  end
  if changes > changes_before then
    call('HSET', KEYS[6], room, string.format('%.0f', changes) .. letters)
    if not has_traits then has_traits = call('HSET', state, 'traits', '1') end
  end
  if sent then
    local current = KEYS[key_at + current_at]
    if same_turn then
      call('HSET', current, unpack(sent))
    else
      call('HSET', current, '', turn_name, unpack(sent))
      call('EXPIREAT', current, (turn + 2) * TURN_SECONDS)
    end
  end
  replies[#replies + 1] = stored == count and first or { first, stored, why, unpack(known or {}) }
  at = keys_at + (keyed and count or 0)
  key_at = key_at + (keyed and 3 or 1)
  done = done + count
end

if news then call(command, activity_channel(channel_suffix), table.concat(news, '\n')) end
if waiting > waited then
  call('HINCRBY', state, 'unstored', waiting - waited)
  -- Bytes counted while the budget was fuller may be wrong by now.
  if waited <= counted_from and waiting > counted_from then call('DEL', KEYS[5]) end
  if changed then
    local counts = {}
    for user, bytes in pairs(changed) do
      counts[#counts + 1] = user
      -- Faster than Lua's own conversion of a number.
      counts[#counts + 1] = string.format('%d', bytes)
    end
    call('HSET', KEYS[5], unpack(counts))
  end
  -- Without rooms that wait already or that an archiver has claimed.
  call('ZADD', KEYS[2], 'NX', unpack(marks))
end

return replies
