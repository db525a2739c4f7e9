-- Reads entries and the tenant's table as one.
-- KEYS: the table, the epoch, then the entries. ARGV: those of the table.
-- Gives the table's fields, then for each entry its value (nil if there is none) and its remaining ms.
local reply = { false }
for at = 3, #KEYS do
  local value = redis.pcall('GET', KEYS[at])
  if type(value) ~= 'string' then
    value = false
  end
  reply[#reply + 1] = value
  reply[#reply + 1] = value and redis.call('PTTL', KEYS[at]) or -2
end
reply[1] = flatten(table_of(KEYS[1]))
return reply
