-- Takes the lease of an entry, so that one load of it is under way over all nodes.
-- KEYS: those of the table, the entry, its lease. ARGV: those of the table, then the head of the entry that the caller
-- has seen ('' for none), the lease's name, its time to live in ms, '1' to take it in any case, the endpoint's name, then
-- the fields of the scopes that are known to cover the entry.
-- Gives the table's fields, then 'another' with the entry and its remaining ms if it is not the one that the caller has
-- seen; 'held' with the remaining ms of somebody else's lease; or 'taken'.
local fields = table_of(KEYS[1])
local force = ARGV[8] == '1'
local head = redis.pcall('GETRANGE', KEYS[4], 0, 35)
if type(head) ~= 'string' then
  head = NO_STRING
end
if not force and head ~= '' and head ~= ARGV[5] then
  return { flatten(fields), 'another', value_of(KEYS[4]), redis.call('PTTL', KEYS[4]) }
end
local lease = redis.pcall('GET', KEYS[5])
if not force and type(lease) == 'string' then
  -- A lease whose load began before an invalidation counts as free: what it will bring is dead already. So does one of
  -- the same node (the first 16 digits of its name), which is left over from a claim whose answer was lost.
  local is_own = string.sub(lease, 1, 16) == string.sub(ARGV[6], 1, 16)
  local incarnation, generation = string.match(lease, '^%x+ (%x+) (%d+)$')
  if not is_own and incarnation == fields.i and not covered(fields, tonumber(generation), ARGV[9], 10) then
    return { flatten(fields), 'held', redis.call('PTTL', KEYS[5]) }
  end
end
redis.call('SET', KEYS[5], ARGV[6] .. ' ' .. fields.i .. ' ' .. fields.n, 'PX', ARGV[7])
return { flatten(fields), 'taken' }
