-- What counts for the budget of messages that wait to be archived.

-- Bytes of one message: what Redis needs beside its body is about this much. `backlog-cost.ts` counts the same.
local function cost_of(body)
  return #body + 128
end
