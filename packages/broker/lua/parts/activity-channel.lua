-- Prefix of the scripts that send news of rooms. Needs the state as first key.

-- Its name is that of the state with another end.
local function activity_channel(suffix)
  return string.sub(KEYS[1], 1, -6) .. 'activity' .. suffix
end
