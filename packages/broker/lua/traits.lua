-- Prefix of the scripts that know traits of rooms: the number of entries that are not messages, and letters (`p` private,
-- `d` direct). Needs state.lua.

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

-- Letters with the one of the kind that the database says, '' for public.
local function with_kind(letters, kind)
  return (string.gsub(letters, '[pd]', '')) .. kind
end
