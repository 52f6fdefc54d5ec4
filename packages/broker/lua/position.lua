-- A room's position; gives the room a new epoch if it ends before what the caller has seen,
-- which happens when Redis came back with older data.
--
-- KEYS    1: room stream; 2: the partition's mirror marker
-- ARGV    1, 2: epoch and seq that the caller has seen; 0, 0 when none
-- reply   `<epoch>-<seq>`, 'unknown' (no such room), or 'incomplete' (rooms are not all known yet)

if redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.call('EXISTS', KEYS[2]) == 1 and 'unknown' or 'incomplete'
end

local info, last = redis.call('XINFO', 'STREAM', KEYS[1]), nil
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = info[i + 1] end
end

local epoch, seq = string.match(last, '^(%d+)-(%d+)$')
local seen_epoch, seen_seq = tonumber(ARGV[1]), tonumber(ARGV[2])
if tonumber(epoch) < seen_epoch or (tonumber(epoch) == seen_epoch and tonumber(seq) < seen_seq) then
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  last = string.format('%.0f-%s', math.max(now, seen_epoch + 1), seq)
  redis.call('XSETID', KEYS[1], last)
end
return last
