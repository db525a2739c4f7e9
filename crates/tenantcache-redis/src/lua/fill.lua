-- Stores an entry, unless something that covers it was invalidated since its load began.
-- KEYS: the table, the entry, the tenant's index of recent keys. ARGV: an incarnation for a new table, the table's time to
-- live in ms, the stamp's incarnation and generation, the entry's time to live in ms, its value, the most keys in the
-- index, the endpoint's name, '1' if the tags are unknown, then the fields of the scopes that cover the entry.
-- Gives 1 if the entry, or a newer one, is stored, and 0 if it is refused.
local fields = table_of(KEYS[1], ARGV[1], ARGV[2])
local now, generation = tonumber(fields.n), tonumber(ARGV[4])
if fields.i ~= ARGV[3] or generation > now then
  return 0
end
if generation < now then
  if ARGV[9] == '1' or tonumber(fields.t or '0') > generation then
    return 0
  end
  for at = 10, #ARGV do
    if tonumber(fields[ARGV[at]] or '0') > generation then
      return 0
    end
  end
  for field, value in pairs(fields) do
    if string.sub(field, 1, 2) == 'p:' and tonumber(value) > generation then
      local prefix = string.sub(field, 3)
      if string.sub(ARGV[8], 1, #prefix) == prefix then
        return 0
      end
    end
  end
end
-- The stamp stands at bytes 4 to 27 of an entry, so newer entries of the same table can be told apart as they are.
local known = redis.pcall('GETRANGE', KEYS[2], 0, 27)
local value = ARGV[6]
if type(known) == 'string' and #known == 28 and string.sub(known, 1, 20) == string.sub(value, 1, 20)
  and string.sub(known, 21, 28) > string.sub(value, 21, 28) then
  return 1
end
redis.call('SET', KEYS[2], value, 'PX', ARGV[5])
local time = redis.call('TIME')
redis.call('ZADD', KEYS[3], time[1], KEYS[2])
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - tonumber(ARGV[7]))
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[2]) / 2 then
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
end
return 1
