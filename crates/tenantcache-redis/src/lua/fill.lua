-- Stores an entry, unless something that covers it was invalidated since its load began, or somebody else loads it or has
-- loaded it later. Ends the caller's lease either way.
-- KEYS: the table, the epoch, the entry, the tenant's index of recent keys, the entry's lease. ARGV: those of the table,
-- then the stamp's incarnation and generation, the entry's time to live in ms, its value, the most keys in the index, the
-- endpoint's name, '1' if the tags are unknown, the lease's name ('' for none), then the fields of the scopes that cover
-- the entry.
-- Gives 1 if the entry is stored, and 0 if it is refused.
local fields = table_of(KEYS[1])
local generation, value = tonumber(ARGV[6]), ARGV[8]
local lease = redis.pcall('GET', KEYS[5])
local is_own = is_lease(lease, ARGV[12])
if is_own then
  redis.call('UNLINK', KEYS[5])
elseif type(lease) == 'string' then
  return reply(0)
end
local now = tonumber(fields.n)
if fields.i ~= ARGV[5] or generation > now then
  return reply(0)
end
if generation < now and (ARGV[11] == '1' or covered(fields, generation, ARGV[10], 13)) then
  return reply(0)
end
-- The stamp and the beginning of the load stand at bytes 4 to 35 of an entry, so that entries of the same table can be
-- ordered as they are.
local known = redis.pcall('GETRANGE', KEYS[3], 0, 35)
if not is_own and type(known) == 'string' and #known == 36 and string.sub(known, 1, 20) == string.sub(value, 1, 20)
  and string.sub(known, 21, 36) > string.sub(value, 21, 36) then
  return reply(0)
end
redis.call('SET', KEYS[3], value, 'PX', ARGV[7])
local time = redis.call('TIME')
if type(redis.pcall('ZADD', KEYS[4], time[1], KEYS[3])) ~= 'number' then
  -- What is in its place is no index.
  redis.call('UNLINK', KEYS[4])
  redis.call('ZADD', KEYS[4], time[1], KEYS[3])
end
redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -1 - tonumber(ARGV[9]))
renew(KEYS[4])
return reply(1)
