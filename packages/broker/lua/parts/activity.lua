-- Prefix of the script that publishes: news of rooms, as lines of the activity channel (`activity-lines.ts`).
--
-- Fields are read where the text of a user cannot stand: right behind the type of the entry, or behind quotes, which are escaped
-- within content and names. Needs activity-channel.lua and backlog.lua.

local MENTIONS = string.byte('m')

-- Whether a node reads the channel; also if this user of Redis may not know.
local function is_watched(command, suffix)
  local channel = activity_channel(suffix)
  local found = redis.pcall('PUBSUB', command == 'PUBLISH' and 'NUMSUB' or 'SHARDNUMSUB', channel)
  return found.err or found[2] > 0
end

-- Returns the part of a line about the mentions of a message, with the separator before it; '' for none.
local function mentions_of(body, user, separator)
  if string.byte(body, 19) ~= MENTIONS then return '' end
  -- `"type":"message","mentions":[`
  local mentions = string.match(body, '^,"mentions":%[([^%]]+)%]', 17)
  if not mentions then return '' end
  return separator .. user .. ':' .. string.gsub(mentions, '"room"', '*')
end

-- Returns the line of the new messages of a room. Most batches have one of each room.
--
-- `bodies` are those of its new messages, and `ordinals` theirs
local function line_of_messages(room, epoch, seq, bodies, ordinals)
  local count = #bodies
  local n = ordinals[count]
  local start = 'm ' .. room .. ' ' .. epoch .. ' ' .. seq .. ' ' .. n .. ' '
  if count == 1 then
    local user = user_of(bodies[1])
    if not user then return start .. '1 -' end
    return start .. '1 ' .. user .. ':' .. n .. mentions_of(bodies[1], user, ' ')
  end
  local senders, last, mentions = {}, {}, ''
  for at = 1, count do
    local user = user_of(bodies[at])
    if user then
      if not last[user] then senders[#senders + 1] = user end
      last[user] = ordinals[at]
      mentions = mentions .. mentions_of(bodies[at], user, mentions == '' and ' ' or ';')
    end
  end
  for at, user in ipairs(senders) do senders[at] = user .. ':' .. last[user] end
  return start .. count .. ' ' .. (senders[1] and table.concat(senders, ',') or '-') .. mentions
end

-- Returns the line of a change; nil for one that is no news. In rooms without news, only changes of members are.
--
-- `n` is the ordinal of the last message before it
local function line_of_change(room, epoch, seq, n, body, followed)
  -- `"type":"change","change":"`
  local kind = string.match(body, '^"change":"([^"]*)"', 17)
  if kind == 'member-added' or kind == 'member-removed' then
    local user = string.match(body, '"member":{"id":(%d+)')
    return user and (kind == 'member-added' and '+ ' or '- ') .. room .. ' ' .. user
  elseif kind == 'deleted' and followed then
    local deleted = string.match(body, '"n":(%d+)')
    return deleted and 'd ' .. room .. ' ' .. epoch .. ' ' .. seq .. ' ' .. string.format('%.0f', n) .. ' ' .. deleted
  end
end
