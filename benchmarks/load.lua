-- Sends ready-made requests from a file of its thread's own, with fresh digits where one asks for them.
-- Arguments: the files' name without ".<thread>", and the order: random, or once (then each request is sent once).
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  math.randomseed(os.time() * 10 + number)
  once = args[2] == "once"
  pool, sent = {}, 0
  local file = assert(io.open(args[1] .. "." .. number, "rb"))
  local content = file:read("*a")
  file:close()
  local start = 1
  while true do
    local stop = content:find("\30", start, true)
    if not stop then break end
    pool[#pool + 1] = content:sub(start, stop - 1)
    start = stop + 1
  end
  content = nil
  collectgarbage()
end

-- A pool that is used up shows as errors: nothing answers at this address.
local USED_UP = "GET /used-up HTTP/1.1\r\nHost: localhost\r\n\r\n"

function request()
  sent = sent + 1
  local found
  if once then
    found = pool[sent] or USED_UP
  else
    found = pool[math.random(#pool)]
  end
  local at = found:find("@@@@@@@", 1, true)
  if not at then return found end
  -- Never the same twice in one run of a thread, and never another thread's.
  local digits = string.format("%07d", (number + 1) * 2500000 + (sent * 7919) % 2500000)
  return found:sub(1, at - 1) .. digits .. found:sub(at + 7)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
