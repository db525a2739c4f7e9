-- Reads entries and the tenant's table as one.
-- KEYS: those of the table, then the entries. ARGV: those of the table.
-- Gives the table's fields, then for each entry its value (nil if there is none) and its remaining ms.
local found = { false }
for at = 4, #KEYS do
  local value = value_of(KEYS[at])
  found[#found + 1] = value
  found[#found + 1] = value and redis.call('PTTL', KEYS[at]) or -2
end
found[1] = flatten(table_of(KEYS[1]))
return found
