-- Parts that every script begins with: the server's identity, and the tenant's table, which is made if it is missing.

-- The history this server writes. It differs after a failover and after a restart from a snapshot, both of which can
-- bring back an older table together with older entries.
local function history()
  local info = redis.pcall('INFO', 'replication')
  if type(info) ~= 'string' then
    return 'unknown'
  end
  return string.match(info, 'master_replid:(%x+)') or 'unknown'
end

-- The table's fields by name. A table of another history, or that is no table, is as good as missing. A table gets a time to live of its
-- own, renewed when under half of it is left: renewing pushes to every client that tracks it.
local function table_of(key, incarnation, ttl)
  local now_history = history()
  local flat = redis.pcall('HGETALL', key)
  local fields = {}
  if not flat.err then
    for at = 1, #flat, 2 do
      fields[flat[at]] = flat[at + 1]
    end
  end
  if not fields.i or not fields.n or fields._h ~= now_history then
    redis.call('UNLINK', key)
    redis.call('HSET', key, 'i', incarnation, 'n', '0', '_h', now_history)
    fields = { i = incarnation, n = '0', _h = now_history }
  end
  if redis.call('PTTL', key) < tonumber(ttl) / 2 then
    redis.call('PEXPIRE', key, ttl)
  end
  return fields
end

local function flatten(fields)
  local flat = {}
  for field, value in pairs(fields) do
    flat[#flat + 1] = field
    flat[#flat + 1] = value
  end
  return flat
end
