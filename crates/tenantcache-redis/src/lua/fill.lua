-- Stores an entry, unless something that covers it was invalidated since its load began, or somebody else loads it or has
-- loaded it later. Ends the caller's lease either way.
-- KEYS: those of the table, the entry, the tenant's index of recent keys, the entry's lease. ARGV: those of the table,
-- then the stamp's incarnation and generation, the entry's time to live in ms, its value, the most keys in the index, the
-- endpoint's name, '1' if the tags are unknown, the lease's name ('' for none), then the fields of the scopes that cover
-- the entry.
-- Gives 1 if the entry is stored, and 0 if it is refused.
local fields = table_of(KEYS[1])
local generation, value = tonumber(ARGV[6]), ARGV[8]
local lease = redis.pcall('GET', KEYS[6])
local is_own = is_lease(lease, ARGV[12])
if is_own then
  redis.call('UNLINK', KEYS[6])
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
local known = redis.pcall('GETRANGE', KEYS[4], 0, 35)
if not is_own and type(known) == 'string' and #known == 36 and string.sub(known, 1, 20) == string.sub(value, 1, 20)
  and string.sub(known, 21, 36) > string.sub(value, 21, 36) then
  return reply(0)
end
-- The entry says itself until when it is kept, in ms: whoever reads it need not ask.
local expiry = math.floor(tonumber(fields._now) / 1000) + tonumber(ARGV[7])
local high, low = math.floor(expiry / 4294967296), expiry % 4294967296
value = value .. struct.pack('>I4I4I4', high, low, 4294967295 - (high + low) % 4294967296)
redis.call('SET', KEYS[4], value, 'PXAT', string.format('%.0f', expiry))
local time = redis.call('TIME')
if type(redis.pcall('ZADD', KEYS[5], time[1], KEYS[4])) ~= 'number' then
  -- What is in its place is no index.
  redis.call('UNLINK', KEYS[5])
  redis.call('ZADD', KEYS[5], time[1], KEYS[4])
end
redis.call('ZREMRANGEBYRANK', KEYS[5], 0, -1 - tonumber(ARGV[9]))
renew(KEYS[5])
return reply(1)
