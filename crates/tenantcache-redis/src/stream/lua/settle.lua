-- Notes in the group that entries before its next one were removed, so that the gap is found once only.
-- KEYS: the stream. ARGV: group, the delivered id at which the gap was found, the count of removed entries by then.
local found, failed = look(KEYS[1], ARGV[1])
if failed then
  return failed
end
if found and found['last-delivered-id'] == ARGV[2] then
  redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], ARGV[2], 'ENTRIESREAD', ARGV[3])
end
return 'ok'
