-- A room's position. Gives the room a new epoch if it ends before what the caller has seen, which
-- happens when Redis came back with older data.
--
-- KEYS    1: state; 2: room stream
-- ARGV    1, 2: epoch and seq that the caller has seen; 0, 0 when none
-- reply   `<epoch>-<seq>`, 'unknown' (no such room), or 'incomplete' (rooms are not all known yet)

local epoch, seq = position_of(KEYS[2])
if not epoch then return absence() end
local behind = tonumber(ARGV[1]) - tonumber(epoch)
if behind > 0 or (behind == 0 and tonumber(seq) < tonumber(ARGV[2])) then
  epoch = new_epoch(tonumber(ARGV[1]))
  begin_epoch(KEYS[2], epoch, seq)
end
return epoch .. '-' .. seq
