-- Prefix of the scripts that know traits of rooms: the number of entries that are not messages, and letters (`p` private,
-- `d` direct, `f` public with members; `s` beside one of these: few members). Needs state.lua.

local function traits_of(traits, room)
  local count, letters = string.match(redis.call('HGET', traits, room) or '', '^(%d*)(%a*)$')
  return tonumber(count) or 0, letters or ''
end

local function note_traits(traits, room, count, letters)
  if count == 0 and letters == '' then
    redis.call('HDEL', traits, room)
  else
    redis.call('HSET', traits, room, string.format('%.0f', count) .. letters)
    -- publish.lua looks traits up only then.
    redis.call('HSET', state, 'traits', '1')
  end
end

-- Returns the letters of a room by that of its kind, '' for public, and its size.
local function with_size(kind, size)
  if size == 'empty' then return kind end
  return (kind == '' and 'f' or kind) .. (size == 'small' and 's' or '')
end

-- Returns the letters that the database says. It was read before, and a member may have been added since: news of a public room
-- do not end by this.
local function with_letters(known, given)
  if given == '' and string.find(known, 'f', 1, true) then return 'f' end
  return given
end
