-- Opening of the scripts that decide who has joined and left: they record it in the journal of the partition, while a reader wants
-- that. A journal that is full ends instead of losing its beginning, so that what it holds has no gap.

-- `flag` holds the largest number of changes, '0' once the journal was full; it is absent while no reader wants changes.
local function record(journal, flag, change)
  local limit = redis.call('GET', flag)
  if not limit or limit == '0' then return end
  if redis.call('XLEN', journal) < tonumber(limit) then
    redis.call('XADD', journal, '*', 'c', change)
  else
    redis.call('SET', flag, '0')
  end
end
