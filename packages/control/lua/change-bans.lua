-- Adds, replaces or lifts bans.
--
-- KEYS    1: bans; 2: log
-- ARGV    per ban two: its field; when it ends, ms, '' for never, or '-' to lift it
-- reply   1

for at = 1, #ARGV, 2 do
  local field, ends = ARGV[at], ARGV[at + 1]
  if ends == '-' then
    redis.call('HDEL', KEYS[1], field)
    note(KEYS[2], 'l', field, '')
  else
    redis.call('HSET', KEYS[1], field, ends)
    note(KEYS[2], 'b', field, ends)
  end
end
return 1
