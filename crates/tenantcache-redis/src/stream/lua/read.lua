-- Takes new entries for a consumer, unless some before them are lost, both seen at one moment.
-- KEYS: the stream. ARGV: group, consumer, the most entries; then what the caller knows: the last id and the count of
-- entries added that it saw, and the count of removed entries and the last deleted id for which it has made up.
-- Gives {'missing'}; or {state, last id, added, removed, last deleted id, delivered id, pending, lag, entries} where
-- state is 'ok', 'anew', 'deleted' or 'trimmed', and there are entries only if it is 'ok'.
local key, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local found, failed = look(key, group)
if failed then
  return failed
end
if not found then
  return { 'missing' }
end
local stream = found.stream
local last, added, removed = stream['last-generated-id'], stream['entries-added'], stream.removed
local deleted, delivered = stream['max-deleted-entry-id'], found['last-delivered-id']
local seen_last, seen_added = ARGV[4], tonumber(ARGV[5])
local settled_removed, settled_deleted = tonumber(ARGV[6]), ARGV[7]

local state = 'ok'
if lower(last, seen_last) or added < seen_added then
  state = 'anew'
elseif lower(delivered, deleted) and (lower(settled_deleted, deleted) or removed > settled_removed) then
  state = 'deleted'
elseif lower(delivered, stream.first or last) and removed > settled_removed
  and (not found['entries-read'] or found['entries-read'] < removed) then
  state = 'trimmed'
end
local reply = { state, last, added, removed, deleted, delivered, found['pending'], found['lag'] or -1, {} }
if state == 'ok' then
  local read = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', ARGV[3], 'STREAMS', key, '>')
  reply[9] = read and read[1] and read[1][2] or {}
end
return reply
