-- Parts that every script begins with: the server's identity, and the tenant's table, which is made if it is missing.
-- KEYS[1] is the table, KEYS[2] the epoch, KEYS[3] what is known of the table by those who do not read it. ARGV[1] is an incarnation for a new table, by which the reply is
-- known as well, ARGV[2] the table's time to live in
-- ms, ARGV[3] the server's history as the connection knows it, ARGV[4] the beginning of the latest epoch that the node has
-- seen, in µs.

local TTL = tonumber(ARGV[2])
-- No entry is larger, in bytes (`ENTRY_BYTES_MAX`), and no table has more fields: what is there is not ours.
local ENTRY_BYTES_MAX = 33554432
local FIELDS_MAX = 1024

-- Every reply carries what its call alone knows, so that one meant for another call is recognised.
local function reply(what)
  return { ARGV[1], what }
end

-- What is given in place of a list, say, that stands where an entry should: it is told of, as anything that is no entry.
local NO_STRING = 'not a string'

-- An entry's value, and false if there is none. Of one that is too large only the head: nobody has to hold the rest.
local function value_of(key)
  local length = redis.pcall('STRLEN', key)
  if type(length) ~= 'number' then
    return NO_STRING
  end
  if length == 0 then
    return false
  end
  return redis.call('GETRANGE', key, 0, length > ENTRY_BYTES_MAX and 35 or -1)
end

local function renew(key)
  local is_due = redis.call('PTTL', key) < TTL / 2
  if is_due then
    redis.call('PEXPIRE', key, ARGV[2])
  end
  return is_due
end

-- The server's time in µs.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- The epoch of this database. One that began before what the caller has seen already is over: the database was exchanged
-- for an older one (SWAPDB), whose tables and entries agree with each other. Then, or if there is none, one begins.
local function epoch()
  local known = redis.pcall('GET', KEYS[2])
  local began = type(known) == 'string' and tonumber(string.match(known, '^(%d+)-%x+$'))
  if began and began >= tonumber(ARGV[4]) then
    renew(KEYS[2])
    return known
  end
  local fresh = string.format('%.0f-%s', math.max(now(), tonumber(ARGV[4]) + 1), ARGV[1])
  redis.call('SET', KEYS[2], fresh, 'PX', ARGV[2])
  return fresh
end

-- The history this database writes. It differs after a failover and after a restart from a snapshot, both of which can
-- bring back an older table together with older entries, and in another epoch.
local function history()
  local info = redis.pcall('INFO', 'replication')
  local id = type(info) == 'string' and string.match(info, 'master_replid:(%x+)') or ARGV[3]
  return id .. '/' .. epoch()
end

-- Says which table it is, for transactions that only compare: its life, its generation and its history. It is written before
-- the table is, so that it never says less than the table has.
local function note(fields)
  redis.call('SET', KEYS[3], fields.i .. ' ' .. fields.n .. ' ' .. fields._h, 'PX', ARGV[2])
end

-- The table's fields by name. A table of another history, or that is no table, is as good as missing. A table gets a time
-- to live of its own, renewed when under half of it is left: renewing pushes to every client that tracks it.
-- `_for` is what the reply is known by, `_now` the server's time in µs, `_made` says why the table was made, if it was.
local function table_of(key)
  local now_history = history()
  local count = redis.pcall('HLEN', key)
  local fields, made = {}, nil
  if type(count) ~= 'number' or count > FIELDS_MAX then
    made = 'unreadable'
  else
    local flat = redis.call('HGETALL', key)
    for at = 1, #flat, 2 do
      fields[flat[at]] = flat[at + 1]
    end
    if not next(fields) then
      made = 'missing'
    elseif not fields.i or not fields.n then
      made = 'unreadable'
    elseif fields._h ~= now_history then
      made = 'history'
    end
  end
  if made then
    fields = { i = ARGV[1], n = '0', _h = now_history, _made = made }
    redis.call('UNLINK', key)
    note(fields)
    redis.call('HSET', key, 'i', ARGV[1], 'n', '0', '_h', now_history)
  elseif redis.pcall('GET', KEYS[3]) ~= fields.i .. ' ' .. fields.n .. ' ' .. now_history then
    note(fields)
  end
  if renew(key) then
    redis.call('PEXPIRE', KEYS[3], ARGV[2])
  end
  fields._now, fields._for = string.format('%.0f', now()), ARGV[1]
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

-- Whether something that covers an entry was invalidated after a generation. The fields of the scopes that cover it stand
-- in ARGV from `first` on. The same rule as `Records::covers_after` in tenantcache-core; a test compares the two.
local function covered(fields, generation, endpoint, first)
  if generation >= tonumber(fields.n) then
    return false
  end
  if tonumber(fields.t or '0') > generation then
    return true
  end
  for at = first, #ARGV do
    if tonumber(fields[ARGV[at]] or '0') > generation then
      return true
    end
  end
  for field, value in pairs(fields) do
    if string.sub(field, 1, 2) == 'p:' and tonumber(value) > generation then
      local prefix = string.sub(field, 3)
      if string.sub(endpoint, 1, #prefix) == prefix then
        return true
      end
    end
  end
  return false
end

-- Whether a stored lease is the one of that name.
local function is_lease(stored, token)
  return token ~= '' and type(stored) == 'string' and string.sub(stored, 1, #token + 1) == token .. ' '
end
