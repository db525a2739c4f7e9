-- Gives a lease back. KEYS: the lease. ARGV: its name.
local stored = redis.pcall('GET', KEYS[1])
if type(stored) == 'string' and string.sub(stored, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then
  return redis.call('UNLINK', KEYS[1])
end
return 0
