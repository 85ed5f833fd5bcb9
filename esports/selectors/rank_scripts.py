"""Scripts that Valkey runs on a board's sorted set, one step each; `ranks` gives their keys and arguments."""

from collections.abc import Sequence
from typing import Any

from kgen.valkey import valkey


class Script:
    """A Lua script, registered when it is first needed."""

    def __init__(self, source: str) -> None:
        self.source = source

    def __call__(self, *, keys: list[str], args: Sequence[str | int]) -> Any:
        return valkey().register_script(self.source)(keys=keys, args=args)


# A member ends with its participation's id.
# A standing that is new to the set goes in for a moment; the same participation's older one then does not count.
# A set that lost something by eviction or deletion loses its mark, and so is built anew.
# If the mark of freshness is the fourth key, the script does not ask a set that may have to catch up.
RANKS = Script("""
if KEYS[4] and redis.call('EXISTS', KEYS[3], KEYS[4]) < 2 then return false end
local answer, whole = {}, redis.call('HLEN', KEYS[2]) == redis.call('ZCARD', KEYS[1]) + 1
if not whole then redis.call('DEL', KEYS[3]) end
for at = 1, #ARGV, 2 do
  local rank = -1
  if whole then rank = redis.call('ZRANK', KEYS[1], ARGV[at + 1]) end
  if not rank then
    redis.call('ZADD', KEYS[1], ARGV[at], ARGV[at + 1])
    rank = redis.call('ZRANK', KEYS[1], ARGV[at + 1])
    redis.call('ZREM', KEYS[1], ARGV[at + 1])
    local older = redis.call('HGET', KEYS[2], string.sub(ARGV[at + 1], -32))
    local before = older and redis.call('ZRANK', KEYS[1], older)
    if before and before < rank then rank = rank - 1 end
  end
  answer[#answer + 1] = rank
end
return answer
""")
# Puts a chunk into the set in place, whose mark then moves on, or into a set that is made aside. A caller that lost
# the lock must not write over a newer catch-up. Only SETTLE makes a set fresh: the mark keeps its time to live here.
# No participation is twice in one chunk. Five hundred at a time, because Lua's stack is limited.
FEED = Script("""
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return 0 end
local ids, members, keys = {}, {}, {}
for member, key in string.gmatch(ARGV[2], '(%x+) (%-?%d*)') do
  ids[#ids + 1], members[#members + 1], keys[#keys + 1] = string.sub(member, -32), member, key
end
local function call(command, at, many)
  if #many > 0 then redis.call(command, KEYS[at], unpack(many)) end
end
for start = 1, #ids, 500 do
  local stop = math.min(start + 499, #ids)
  local older = redis.call('HMGET', KEYS[2], unpack(ids, start, stop))
  local over, standing, gone, known = {}, {}, {}, {}
  for at = start, stop do
    local before, id, member, key = older[at - start + 1], ids[at], members[at], keys[at]
    if before and (before ~= member or key == '') then over[#over + 1] = before end
    if key == '' then
      gone[#gone + 1] = id
    else
      standing[#standing + 1], standing[#standing + 2] = key, member
      if before ~= member then known[#known + 1], known[#known + 2] = id, member end
    end
  end
  call('ZREM', 1, over)
  call('ZADD', 1, standing)
  call('HDEL', 2, gone)
  call('HSET', 2, known)
end
redis.call('PEXPIRE', KEYS[3], ARGV[3])
if ARGV[4] then
  redis.call('SET', KEYS[4], ARGV[4], 'XX', 'KEEPTTL')
else
  -- They outlive the lock, so that nobody holds it while a part of the set is gone.
  redis.call('PEXPIRE', KEYS[1], 2 * ARGV[3])
  redis.call('PEXPIRE', KEYS[2], 2 * ARGV[3])
end
return 1
""")
# The empty field distinguishes an empty set from a missing one.
_IF_LOCKED = "if redis.call('GET', KEYS[5]) ~= ARGV[1] then return 0 end"
_SETTLE_MARK = """
redis.call('HSET', KEYS[2], '', '')
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[4])
redis.call('SET', KEYS[4], 1, 'PX', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
"""
SETTLE = Script(_IF_LOCKED + _SETTLE_MARK)
REPLACE = Script(
    _IF_LOCKED
    + """
redis.call('UNLINK', KEYS[1], KEYS[2])
if redis.call('EXISTS', KEYS[6]) == 1 then redis.call('RENAME', KEYS[6], KEYS[1]) end
if redis.call('EXISTS', KEYS[7]) == 1 then redis.call('RENAME', KEYS[7], KEYS[2]) end
"""
    + _SETTLE_MARK
)
UNLOCK = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
""")
