-- Returns the entries of the list about users, rooms and tokens.
--
-- KEYS    1: revoked; 2: bans
-- ARGV    1: number of fields of the bans that follow; then those fields; then token ids
-- reply   the time, ms; the fields' values; the tokens' scores; nil for missing entries

local fields = tonumber(ARGV[1])
local time = redis.call('TIME')
return {
  time[1] * 1000 + math.floor(time[2] / 1000),
  redis.call('HMGET', KEYS[2], unpack(ARGV, 2, fields + 1)),
  #ARGV > fields + 1 and redis.call('ZMSCORE', KEYS[1], unpack(ARGV, fields + 2)) or {}
}
