-- Declares a registration dead if its lease has ended: from now on it cannot renew or write.
--
-- Old data and a changed clock prove nothing about which nodes are alive: all leases may look expired. Nothing is done
-- if the data is older than the reaper's last renewal, or the clock was set since; nor while departures wait
-- (older-data.lua), because users of the dead node may be present through a node whose entries are lost.
--
-- KEYS    1: leases; 2: the registration's closed marker; 3: the partition's server process
-- ARGV    1: lease; 2: time to keep the marker, s; 3: the reaper's own lease; 4: its end as the reaper knows it; 5:
--         latest time at which this may run, both in ms of this clock; 6: how long departures wait after a loss, ms
-- reply   1 if closed, now or before; 0 if it is alive or gone, or nothing can be concluded

local now = now_ms()
if doubt_ms(KEYS[3], tonumber(ARGV[6])) > 0 then return 0 end
local own = redis.call('ZSCORE', KEYS[1], ARGV[3])
if not own or tonumber(own) < tonumber(ARGV[4]) or now > tonumber(ARGV[5]) then return 0 end
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not lease or tonumber(lease) > now then return 0 end

redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('SET', KEYS[2], '', 'EX', ARGV[2])
return 1
