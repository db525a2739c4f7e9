-- Shared by the scripts of the stream. Ids are compared as texts: a double cannot hold every sequence number.
local function before(left, right)
  if #left ~= #right then
    return #left < #right
  end
  return left < right
end

-- Whether the first of two ids is lower.
local function lower(left, right)
  local left_ms, left_seq = string.match(left, '^(%d+)-(%d+)$')
  local right_ms, right_seq = string.match(right, '^(%d+)-(%d+)$')
  if left_ms ~= right_ms then
    return before(left_ms, right_ms)
  end
  return before(left_seq, right_seq)
end

local function fields(flat)
  local named = {}
  for at = 1, #flat, 2 do
    named[flat[at]] = flat[at + 1]
  end
  return named
end

-- The stream's and the group's fields; nothing if there is no such stream or group; or an error.
local function look(key, group)
  local stream = redis.pcall('XINFO', 'STREAM', key)
  if stream.err then
    if string.find(stream.err, 'no such key', 1, true) then
      return nil, nil
    end
    return nil, stream
  end
  stream = fields(stream)
  if not stream['entries-added'] then
    return nil, redis.error_reply('ERR the events need Redis 7 or newer, or Valkey')
  end
  stream.first = stream['first-entry'] and stream['first-entry'][1]
  stream.removed = stream['entries-added'] - stream['length']
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', key)) do
    local found = fields(flat)
    if found['name'] == group then
      found.stream = stream
      return found, nil
    end
  end
  return nil, nil
end
