-- events: reports what commands do to containers, in order, to followers and to later queries; lines stay whole; the
-- files stay small; a full disk loses events and nothing else.
local check = require "check"

local function decode(text)
  local list = {}
  for line in text:gmatch("[^\n]+") do table.insert(list, (tiny.json_decode(line))) end
  return list
end

local function names(list)
  local words = {}
  for i, event in ipairs(list) do words[i] = event.event end
  return table.concat(words, " ")
end

local function told(...)
  return decode(check.succeeds("events", "--no-stream", "--format", "json", ...))
end

-- Nothing has happened yet.
check.equal(check.succeeds("events", "--no-stream"), "")

-- A follower from now on sees the same as a later query.
local from, into = tiny.pipe()
local follower <close> = check.start(function()
  tiny.dup2(into, 1)
  tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "events", "--format", "json" }
end)
into:close()
local text = ""
local function wait_for(event)
  while not text:find(('"event":"%s"'):format(event), 1, true) do
    if #tiny.poll({ from }, "10s") == 0 then error("no event " .. event .. " in " .. text) end
    text = text .. from:read()
  end
end
-- It has started once it reports an event.
while text == "" do
  check.run { "run", "--rm", "true" }
  if #tiny.poll({ from }, "200ms") > 0 then text = from:read() end
end
wait_for("destroy")

local id = check.succeeds("create", "--name", "web", "sh", "-c", "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done"):sub(1, 12)
-- A shell that has not set its trap yet ignores the signal.
local function up(text, name)
  while check.succeeds("logs", name) ~= text do tiny.poll({}, "10ms") end
end
check.succeeds("start", "web")
up("up\n", "web")
check.succeeds("exec", "web", "sh", "-c", "exit 0")
check.succeeds("pause", "web")
check.succeeds("unpause", "web")
check.succeeds("update", "--pids-limit", "50", "web")
check.succeeds("rename", "web", "site")
check.succeeds("stop", "site")
check.succeeds("restart", "site")
up("up\nup\n", "site")
check.succeeds("kill", "-s", "TERM", "site")
check.succeeds("wait", "site")
check.succeeds("rm", "site")
check.run { "run", "--rm", "--name", "gone", "--host", "no-such-program" }
local expected = "create start exec exec_die pause unpause update rename kill die stop start restart kill die destroy"
local list = told("--filter", "container=" .. id)
check.equal(names(list), expected)
for _, event in ipairs(list) do
  check.equal(event.id, id)
  check.equal(event.type, "container")
end
check.equal(list[3].attributes.command, "sh -c exit 0")
check.equal(list[8].attributes.old_name, "web")
check.equal(list[10].attributes.exit_code, 3)
check.equal(list[14].attributes.signal, 15)
check.equal(names(told("--filter", "container=site", "--filter", "event=die", "--filter", "event=stop")), "die stop die")
check.equal(names(told("--filter", "container=gone")), "create destroy", "it never ran")
check.equal(#told("--filter", "container=nobody"), 0)

text = text:sub(text:find("destroy", 1, true) + 10)
wait_for("destroy")
local live = {}
for _, event in ipairs(decode(text:match("^(.*\n)"))) do
  if event and event.id == id then table.insert(live, event) end
end
check.equal(names(live), expected, "followed")
follower:reap()

-- Times: between two moments, and a follower that ends at one.
local last = list[#list].time
check.equal(names(told("--since", list[10].time, "--until", list[11].time, "--filter", "container=" .. id)), "die stop")
assert(#told("--since", "1h") >= #list and #told("--until", "1h") == 0)
local before = tiny.clock("monotonic")
check.equal(check.succeeds("events", "--until", tiny.timestamp(tiny.clock() + 2)), "")
assert(tiny.clock("monotonic") - before >= 1.9, "it waited for its end")
assert(check.succeeds("events", "--since", last, "--no-stream"):match("^%S+ container destroy " .. id .. " %(name=site%)\n"))

-- Invalid input.
local function refused(arguments, message)
  local result = check.run { "events", table.unpack(arguments) }
  check.equal(result.status, 2)
  check.equal(result.err:match("^[^\n]*"), "tinylua: " .. message)
end
refused({ "--since", "yesterday" }, '--since "yesterday" is not a time')
refused({ "--filter", "label=x" }, '--filter "label=x" is not one of type=, container=, event=')
refused({ "--filter", "event=explode" }, '--filter "event=explode": unknown event')
refused({ "--filter", "type=pod" }, '--filter "type=pod": unknown type')

-- A line that was truncated by a full disk hides no other.
local folder = check.root .. "/events/"
tiny.append_file(folder .. "current.jsonl", '{"event":"start","id":"0123')
check.succeeds("run", "--rm", "--name", "after", "true")
check.equal(names(told("--filter", "container=after")), "create start die destroy")

-- A full file becomes the previous one; the one before that is removed, and a follower misses nothing.
for round = 1, 3 do
  local size = tiny.stat(folder .. "current.jsonl").size
  local line = tiny.json_encode { event = "start", type = "container", name = "x", id = "x", time = tiny.timestamp(), attributes = { pad = ("x"):rep(1000) } } .. "\n"
  tiny.append_file(folder .. "current.jsonl", line:rep((1024 * 1024 - size) // #line + 1))
  check.succeeds("run", "--rm", "--name", "round" .. round, "true")
end
check.equal(names(told("--filter", "container=round3")), "create start die destroy")
check.equal(names(told("--filter", "container=round1")), "")
assert(tiny.stat(folder .. "current.jsonl").size < 1024 * 1024)
check.equal(table.concat(tiny.list_dir(folder), " "), "current.jsonl lock previous.jsonl")

-- Events that cannot be written change nothing.
tiny.remove(folder, { recursive = true })
tiny.write_file(check.root .. "/events", "")
check.equal(check.succeeds("run", "--rm", "echo", "fine"), "fine\n")
check.no_container()
