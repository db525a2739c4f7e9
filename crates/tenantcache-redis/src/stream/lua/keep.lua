-- Keeps the stream short and alive, forgets consumers that are gone, and gives the ids that somebody took long ago,
-- has not acknowledged, and that the stream no longer has.
-- KEYS: the stream. ARGV: group, consumer, ms after which an entry may be claimed, ms after which an idle consumer is
-- forgotten, the stream's time to live in ms, its greatest length, the most ids.
local key, group = KEYS[1], ARGV[1]
local found, failed = look(key, group)
if failed then
  return failed
end
if not found then
  return {}
end
local ids = {}
local first = found.stream.first
local lost = redis.call('XPENDING', key, group, 'IDLE', ARGV[3], '-', first and '(' .. first or '+', ARGV[7])
for at, entry in ipairs(lost) do
  ids[at] = entry[1]
end
for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', key, group)) do
  local other = fields(flat)
  if other['name'] ~= ARGV[2] and other['pending'] == 0 and other['idle'] > tonumber(ARGV[4]) then
    redis.call('XGROUP', 'DELCONSUMER', key, group, other['name'])
  end
end
if redis.call('PTTL', key) < tonumber(ARGV[5]) / 2 then
  redis.call('PEXPIRE', key, ARGV[5])
end
redis.call('XTRIM', key, 'MAXLEN', '~', ARGV[6])
return ids
