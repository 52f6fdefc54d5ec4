-- Notes a change of the access list in its log, which copies of the list follow: 't' a revoked token, 'b' a ban, 'l' a ban that was
-- lifted. A stream; the id of an entry is the position of the list after it.
local function note(log, kind, id, ends)
  redis.call('XADD', log, 'MAXLEN', '~', 10000, '*', 'k', kind, 'i', id, 'u', ends)
end
