-- Records how many members a room has, in its traits.
--
-- KEYS    1: state; 2: room stream; 3: traits of rooms
-- ARGV    1: room id; 2: 'empty', 'small' or 'large'
-- reply   1, or 0 if there is no such room

if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local count, letters = traits_of(KEYS[3], ARGV[1])
local sized = with_size(string.match(letters, '[pd]') or '', ARGV[2])
if sized ~= letters then note_traits(KEYS[3], ARGV[1], count, sized) end
return 1
