-- The positions of rooms. Gives a room a new epoch if it ends before what the caller has seen, which happens when
-- Redis came back with older data.
--
-- KEYS    1: state; then per room its stream
-- ARGV    per room two: epoch and seq that the caller has seen; 0, 0 when none
-- reply   per room `<epoch>-<seq>`, 'unknown' (no such room), or 'incomplete' (rooms are not all known yet)

local positions, absent = {}, nil
for room = 1, #KEYS - 1 do
  local stream, seen_epoch, seen_seq = KEYS[room + 1], tonumber(ARGV[room * 2 - 1]), tonumber(ARGV[room * 2])
  local epoch, seq = position_of(stream)
  if epoch then
    local behind = seen_epoch - tonumber(epoch)
    if behind > 0 or (behind == 0 and tonumber(seq) < seen_seq) then
      epoch = new_epoch(seen_epoch)
      begin_epoch(stream, epoch, seq)
    end
    positions[room] = epoch .. '-' .. seq
  else
    absent = absent or absence()
    positions[room] = absent
  end
end
return positions
