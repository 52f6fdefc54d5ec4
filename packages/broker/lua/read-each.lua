-- Reads entries of several streams.
--
-- KEYS     streams
-- ARGV[1]  most entries of each stream
-- ARGV[2]  number of entries from which on no further stream is read: Redis serves no other client meanwhile
-- ARGV[3…] id from which on each stream is read
--
-- Reply: the number of streams that were read, then for each of them that has such entries its index (from 0) and the entries

local found = { #KEYS }
local count = 0

for i, stream in ipairs(KEYS) do
  local entries = redis.call('XRANGE', stream, ARGV[i + 2], '+', 'COUNT', ARGV[1])
  if entries[1] then
    found[#found + 1] = i - 1
    found[#found + 1] = entries
    count = count + #entries
    if count >= tonumber(ARGV[2]) then
      found[1] = i
      break
    end
  end
end

return found
