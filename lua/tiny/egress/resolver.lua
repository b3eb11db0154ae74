-- The resolver of a container with egress rules: a process of its own that can do nothing but answer queries, ask name servers
-- and ask the keeper, since it parses what the container and name servers send. It answers only names that the rules list, and
-- only with addresses that the keeper has pinned.
local Channel = require "tiny.egress.channel"
local Loop = require "tiny.base.loop"
local dns_forward = require "tiny.net.dns_forward"
local fence = require "tiny.egress.fence"
local files = require "tiny.net.files"
local net_resolver = require "tiny.net.resolver"
local rules = require "tiny.egress.rules"

local resolver = {}

-- Queries that the cache does not answer: how many in a second, and at once, by how the rules list the name. Below a wildcard,
-- each tells its owner something.
local CREDIT = { exact = { rate = 1000, burst = 2000 }, wildcard = { rate = 50, burst = 300 } }
-- Queries to name servers at once, answers that wait, reported denials in a second, names to follow for one query, cached answers.
local PENDING, WAITING, DENIALS, HOPS, CACHE = 64, 1024, 50, 8, 4096
-- Seconds for which a name without addresses, and one of a container, is cached; the largest answer over UDP.
local NEGATIVE, SIBLING, LARGEST = 5, 1, 1232
local TYPES = { A = 1, AAAA = 28 }

-- Opens the sockets in the container's namespace, and leads port 53 there.
function resolver.open(netns)
  local inside = { netns = netns }
  local place = files.RESOLVER .. ":0"
  local sockets = { udp = tiny.udp_bind(place, inside), tcp = tiny.tcp_listen(place, inside) }
  local old, ways = {}, {}
  for _, way in ipairs(tiny.published(inside)) do
    if way:sub(1, #files.RESOLVER) == files.RESOLVER then table.insert(old, way) end
  end
  if old[1] then tiny.publish_del(old, inside) end
  for proto, socket in pairs(sockets) do
    table.insert(ways, { host = files.RESOLVER, port = 53, addr = files.RESOLVER, to = socket.port, proto = proto })
  end
  tiny.publish(ways, inside):keep()
  return sockets
end

-- A query of our own: a random id, recursion, and the largest answer that fits one packet. Nothing of the client's is in it.
local function query_for(name, kind)
  local labels = name:gsub("([^.]+)%.?", function(label) return string.char(#label) .. label end)
  local id = string.pack(">I2", tonumber(tiny.random_id(4), 16))
  return id .. "\1\0\0\1\0\0\0\0\0\1" .. labels .. "\0" .. string.pack(">I2I2", TYPES[kind], 1) .. string.pack(">BI2I2I4I2", 0, 41, LARGEST, 0, 0)
end

-- Whether a name may be looked up now.
local function credit(r, name)
  local kind = r.policy.names[name] and "exact" or "wildcard"
  local limit, has, now = CREDIT[kind], r.credit[kind], tiny.clock("monotonic")
  has.left, has.at = math.min(limit.burst, has.left + (now - has.at) * limit.rate), now
  if has.left < 1 then return false end
  has.left = has.left - 1
  return true
end

local FAILED = { code = "SERVFAIL" }

-- Asks name servers for a name; `done` gets { addrs, ttl } or { code }. An alias without addresses in the answer is asked next.
local function ask(r, name, kind, how, done, hops, ttl)
  if not how.servers[1] or r.pending >= PENDING then return done(FAILED) end
  local query = query_for(name, kind)
  r.pending = r.pending + 1
  dns_forward.ask(r.loop, query, how.servers, how.manner, { memory = r.memory, stream = true }, function(bytes)
    r.pending = r.pending - 1
    local found = bytes and tiny.dns_reply(bytes, { name = name, type = kind })
    if not found or found.truncated then return done(FAILED) end
    if found.code ~= "NOERROR" then return done { code = found.code == "NXDOMAIN" and "NXDOMAIN" or "SERVFAIL" } end
    found.ttl = math.min(found.ttl, ttl)
    if not found.next then return done(found) end
    if hops >= HOPS or not found.next:find("^[%w_.-]+$") then return done(FAILED) end
    ask(r, found.next, kind, how, done, hops + 1, found.ttl)
  end)
end

-- Caches an answer; the oldest half is unknown, so a full cache begins anew.
local function remember(r, key, answer, seconds)
  if seconds <= 0 then return end
  if r.cached >= CACHE then r.cache, r.cached = {}, 0 end
  if not r.cache[key] then r.cached = r.cached + 1 end
  r.cache[key] = { answer = answer, till = tiny.clock("monotonic") + seconds }
end

-- The addresses of a listed name, pinned: `done` gets the answer. Queries for the same name wait for one answer.
local function find(r, name, kind, done)
  local key = kind .. name
  local cached = r.cache[key]
  local left = cached and cached.till - tiny.clock("monotonic")
  if left and left > 0 then
    cached.answer.ttl = math.floor(left)
    return done(cached.answer)
  end
  if r.waiting[key] then return table.insert(r.waiting[key], done) end
  if not credit(r, name) then return done(FAILED) end
  r.waiting[key] = { done }
  local epoch = r.epoch
  local function finish(answer, seconds)
    local waiting = r.waiting[key]
    r.waiting[key] = nil
    -- After a change of the rules, pins of earlier answers may be gone.
    if epoch ~= r.epoch and not answer.code then answer = FAILED end
    if seconds and epoch == r.epoch then remember(r, key, answer, seconds) end
    for _, one in ipairs(waiting) do one(answer) end
  end
  r.keeper:ask({ op = "lookup", name = name, type = kind }, function(known)
    if not known or known.error then return finish(FAILED) end
    if known.code or known.addrs then return finish(known, known.ttl and known.ttl > 0 and SIBLING) end
    ask(r, name, kind, known, function(found)
      if found.code and found.code ~= "NOERROR" then return finish(found, found.code == "NXDOMAIN" and NEGATIVE) end
      if not found.addrs[1] then return finish({ addrs = {}, ttl = 0 }, NEGATIVE) end
      local ttl = math.min(found.ttl, r.longest)
      r.keeper:ask({ op = "pin", name = name, addrs = found.addrs, ttl = ttl }, function(pinned)
        if not pinned or pinned.error then return finish(FAILED) end
        finish({ addrs = pinned.addrs, ttl = ttl }, ttl)
      end)
    end, 1, math.maxinteger)
  end)
end

-- Answers a query of the container: as net_resolver calls it.
local function answer(r, _, query, stream, reply, from)
  local question = tiny.dns_question(query)
  if not question then return reply(nil) end
  local max = stream and 65535 or math.min(question.max, LARGEST)
  local name = question.name
  local listed = name:find("^[%w_.-]+$") and rules.match(r.policy, name)
  if not listed then
    local function refuse() reply(tiny.dns_answer(query, { code = "NXDOMAIN", max = max })) end
    local second = math.floor(tiny.clock("monotonic"))
    if r.second ~= second then r.second, r.denied = second, 0 end
    r.denied = r.denied + 1
    if r.denied > DENIALS then return refuse() end
    -- The sender's socket names the process only while it waits for the answer.
    return r.keeper:ask({ op = "deny", name = name, from = from, protocol = stream and "tcp" or "udp" }, refuse)
  end
  -- No other type can lead anywhere: not HTTPS and SVCB, which carry addresses and keys of their own.
  if not TYPES[question.type] then return reply(tiny.dns_answer(query, { max = max })) end
  if r.answers >= WAITING then return reply(tiny.dns_answer(query, { code = "SERVFAIL", max = max })) end
  r.answers = r.answers + 1
  find(r, name, question.type, function(found)
    r.answers = r.answers - 1
    reply(tiny.dns_answer(query, { addrs = found.addrs, ttl = found.ttl and math.tointeger(found.ttl) or 0, code = found.code, max = max }))
  end)
end

-- What the process may still call; everything else fails. No file can be opened, and no other process reached.
local CALLS = {
  "read", "readv", "write", "writev", "close", "poll", "ppoll", "recvfrom", "recvmsg", "sendto", "sendmsg", "bind", "connect", "accept4",
  "getsockname", "getpeername", "getsockopt", "setsockopt", "fcntl", "fstat", "lseek", "mmap", "munmap", "mremap", "mprotect", "madvise", "brk",
  "clock_gettime", "getrandom", "futex", "rt_sigreturn", "rt_sigprocmask", "rt_sigaction", "sigaltstack", "restart_syscall", "exit", "exit_group",
  "getpid", "gettid", "sched_yield",
}

local function profile()
  local inet = {}
  for _, family in ipairs { 2, 10 } do
    table.insert(inet, { names = { "socket" }, action = "SCMP_ACT_ALLOW", args = { { index = 0, value = family, op = "SCMP_CMP_EQ" } } })
  end
  return { defaultAction = "SCMP_ACT_ERRNO", defaultErrnoRet = 1, syscalls = { { names = CALLS, action = "SCMP_ACT_ALLOW" }, inet[1], inet[2] } }
end

-- Gives up everything that answering queries does not need.
function resolver.confine()
  local filter = tiny.seccomp_compile(profile())
  tiny.set_caps { effective = {}, permitted = {}, inheritable = {}, ambient = {}, bounding = {} }
  tiny.no_new_privs()
  -- The filter alone opens no file; this also holds for what it might forget.
  tiny.landlock { paths = {}, scopes = { "signal", "abstract_unix" }, strict = false }
  tiny.seccomp(filter)
end

-- In the new process: serves queries until the keeper ends.
local function run(k, socket)
  tiny.set_parent_death_signal("SIGKILL")
  tiny.withdraw_fds { keep = { socket, k.sockets.udp, k.sockets.tcp } }
  tiny.set_process_title("tinylua: resolver of " .. k.name)
  tiny.set_dumpable(false)
  local loop = Loop.new()
  local r = { loop = loop, policy = k.policy, credit = {}, pending = 0, answers = 0, cache = {}, cached = 0, waiting = {}, memory = {}, epoch = 0,
    longest = fence.LONGEST }
  for kind, limit in pairs(CREDIT) do r.credit[kind] = { left = limit.burst, at = tiny.clock("monotonic") } end
  r.keeper = Channel.new(loop, socket, function(message)
    if message.op ~= "policy" then return end
    r.policy = rules.parse(message.rules, { ask = r.policy.ask })
    r.cache, r.cached, r.epoch = {}, 0, r.epoch + 1
  end, function() loop:stop() end)
  r.resolver, r.answer_query = { udp = k.sockets.udp, tcp = k.sockets.tcp, told = true }, answer
  resolver.confine()
  net_resolver.join(r, loop)
  tiny.notify_ready()
  loop:run()
end

-- Starts the process; returns it and the socket on which it asks the keeper.
function resolver.start(k)
  local ours, theirs = tiny.socketpair { nonblock = true }
  local child = tiny.fork(function() run(k, theirs) end)
  theirs:close()
  child:wait_ready()
  return child, ours
end

return resolver
