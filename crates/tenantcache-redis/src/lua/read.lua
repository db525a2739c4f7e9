-- Reads entries and the tenant's table as one.
-- KEYS: the table, then the entries. ARGV: an incarnation for a new table, the table's time to live in ms.
-- Gives the table's fields, then for each entry its value (nil if there is none) and its remaining ms.
local reply = { false }
for at = 2, #KEYS do
  local value = redis.pcall('GET', KEYS[at])
  if type(value) ~= 'string' then
    value = false
  end
  reply[#reply + 1] = value
  reply[#reply + 1] = value and redis.call('PTTL', KEYS[at]) or -2
end
reply[1] = flatten(table_of(KEYS[1], ARGV[1], ARGV[2]))
return reply
