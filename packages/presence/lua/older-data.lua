-- Opening of the scripts that decide who has left, and of those that keep leases.
--
-- A server that starts, or a replica that takes over, may hold older data than nodes have written: it may lack the entry
-- of a user who changed nodes, and show users as last seen on a node that they have left. Each node notices with its next
-- renewal, and writes its entries again. So after a change of the server process, and when a node found its lease lost, no
-- departure is decided for as long as a lease lasts.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local run_id
local function current_process()
  run_id = run_id or string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  return run_id
end

-- Departures wait from now on. `process` is the hash of the partition.
local function begin_doubt(process, wait_ms)
  local now = now_ms()
  local from, till = string.format('%.0f', now), string.format('%.0f', now + wait_ms)
  redis.call('HSET', process, 'id', current_process(), 'from', from, 'until', till)
  return wait_ms
end

-- How long departures have to wait, in ms; 0 when they can be decided.
local function doubt_ms(process, lease_ms)
  local held = redis.call('HMGET', process, 'id', 'from', 'until')
  -- New data: no node has lost anything.
  if not held[1] then return begin_doubt(process, 0) end
  if held[1] ~= current_process() then return begin_doubt(process, lease_ms) end
  local now, from, till = now_ms(), tonumber(held[2]), tonumber(held[3])
  if now >= till then return 0 end
  -- A clock that was set back must not prolong it.
  if now < from then return begin_doubt(process, till - from) end
  return till - now
end
