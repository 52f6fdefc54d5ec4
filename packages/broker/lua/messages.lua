-- Opening of the scripts that go through stored messages.

-- Bytes that entries of a stream count for the budget.
local function cost_of_all(entries)
  local bytes = 0
  for _, entry in ipairs(entries) do
    bytes = bytes + cost_of(entry[2][2])
  end
  return bytes
end

-- The first id that is possible after one.
local function behind(id)
  local epoch, seq = string.match(id, '^(%d+)-(%d+)$')
  return string.format('%s-%.0f', epoch, seq + 1)
end
