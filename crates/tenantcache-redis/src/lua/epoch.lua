-- Gives the history, as tables are bound to it. KEYS: the epoch, three times. ARGV: those of the table, then '1' to begin a new
-- epoch, in which no table of before counts.
if ARGV[5] == '1' then
  redis.call('UNLINK', KEYS[2])
end
return reply(history())
