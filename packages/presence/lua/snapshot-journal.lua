-- Returns the members of rooms, and the changes of the journal that led to them.
--
-- KEYS    1: journal; 2: its flag; 3: the partition's server process; from 4: members of the rooms
-- ARGV    1: position; 2: largest number of changes; 3: run id of the server process; 4: beginning of its last doubt
-- reply   nothing if the journal does not record, or the data is not of that process and doubt; else the time in ms of this clock, the
--         changes after the position, and for each room the ids of its members: none if there are more changes

local flag = redis.call('GET', KEYS[2])
local held = redis.call('HMGET', KEYS[3], 'id', 'from')
if not flag or flag == '0' or held[1] ~= ARGV[3] or held[2] ~= ARGV[4] or held[1] ~= current_process() then return {} end
local changes = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2] + 1)
local members = {}
if #changes > tonumber(ARGV[2]) then
  changes[#changes] = nil
else
  for n = 4, #KEYS do members[n - 3] = redis.call('HKEYS', KEYS[n]) end
end
return { string.format('%.0f', now_ms()), changes, members }
