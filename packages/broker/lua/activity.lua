-- Prefix of the script that publishes: collects news of rooms, as lines of the activity channel (`activity-lines.ts`).
--
-- Fields are read where the text of a user cannot stand: right behind the type of the entry, or behind quotes, which are escaped
-- within content and names. Needs backlog.lua.

local MENTIONS = string.byte('m')

-- Returns the new messages of a room, which line_of_messages takes, with one more.
local function add_message(fresh, body, seq, n)
  local user = user_of(body)
  if not fresh then
    fresh = { count = 0, last = {}, users = {} }
  end
  fresh.count, fresh.seq, fresh.n = fresh.count + 1, seq, n
  if not user then return fresh end
  if not fresh.last[user] then fresh.users[#fresh.users + 1] = user end
  fresh.last[user] = n
  -- `"type":"message","mentions":[`
  local mentions = string.byte(body, 19) == MENTIONS and string.match(body, '^,"mentions":%[([^%]]+)%]', 17)
  if mentions then
    mentions = user .. ':' .. string.gsub(mentions, '"room"', '*')
    fresh.mentions = fresh.mentions and fresh.mentions .. ';' .. mentions or mentions
  end
  return fresh
end

local function line_of_messages(room, epoch, fresh)
  local senders = {}
  for at, user in ipairs(fresh.users) do senders[at] = user .. ':' .. fresh.last[user] end
  local line = 'm ' .. room .. ' ' .. epoch .. ' ' .. fresh.seq .. ' ' .. fresh.n .. ' ' .. fresh.count .. ' '
  line = line .. (senders[1] and table.concat(senders, ',') or '-')
  return fresh.mentions and line .. ' ' .. fresh.mentions or line
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
