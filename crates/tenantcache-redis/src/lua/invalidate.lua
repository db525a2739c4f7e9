-- Invalidates scopes at one new generation.
-- KEYS and ARGV: those of the table, then the most records, the most records of prefixes, then the
-- scopes' fields.
-- Gives the table's fields. The same rules as `Records::note` in tenantcache-core; a test compares the two.
local key = KEYS[1]
local records_max, prefixes_max = tonumber(ARGV[5]), tonumber(ARGV[6])
local fields = table_of(key)
local now = tonumber(fields.n) + 1
fields.n = string.format('%.0f', now)
note(fields)
redis.call('HINCRBY', key, 'n', 1)
fields._at = fields._now
local removed, changed = {}, { _at = true }

local function is_prefix(field)
  return string.sub(field, 1, 2) == 'p:'
end

local function is_record(field)
  return string.sub(field, 2, 2) == ':'
end

-- Raises the tenant's own record, which makes every record that is not newer superfluous.
local function widen(generation)
  if generation <= tonumber(fields.t or '0') then
    return
  end
  fields.t = string.format('%.0f', generation)
  changed.t = true
  local gone = {}
  for field, value in pairs(fields) do
    if is_record(field) and tonumber(value) <= generation then
      gone[#gone + 1] = field
    end
  end
  for _, field in ipairs(gone) do
    fields[field], changed[field], removed[field] = nil, nil, true
  end
end

-- Trimming is widening: while there are too many records, the oldest goes into the tenant's own.
local function trim(counts, max)
  while true do
    local count, oldest = 0, nil
    for field, value in pairs(fields) do
      if is_record(field) and counts(field) then
        count = count + 1
        local generation = tonumber(value)
        oldest = math.min(oldest or generation, generation)
      end
    end
    if count <= max then
      return
    end
    widen(oldest)
  end
end

for at = 7, #ARGV do
  local field = ARGV[at]
  if field == 't' then
    widen(now)
  elseif now > tonumber(fields.t or '0') then
    fields[field], changed[field], removed[field] = fields.n, true, nil
    if is_prefix(field) then
      trim(is_prefix, prefixes_max)
    end
    trim(is_record, records_max)
  end
end
for field in pairs(removed) do
  redis.call('HDEL', key, field)
end
for field in pairs(changed) do
  redis.call('HSET', key, field, fields[field])
end
return flatten(fields)
