-- up, ps, logs, down: a proxy and three servers from one file; a second up changes only the differences.
local check = require "check"
local net = require "networked"
net.needs()

local up = check.succeeds("up", "proxy.lua")
assert(up:match("network    proxy%-back"), up)
local function position(text) return assert(up:find(text, 1, true), text .. " in " .. up) end
for n = 1, 3 do assert(position(("proxy-web-%d               ready"):format(n)) < position("proxy-proxy               starting"), up) end

-- Every server answers, in turn.
local seen, count = {}, 0
for _ = 1, 12 do
  local who = net.fetch("http://127.0.0.1:8080/")
  if who and not seen[who] then seen[who], count = true, count + 1 end
end
check.equal(count, 3, "servers that answered")

local function ids()
  local found = {}
  for _, c in ipairs(tiny.json_decode(check.succeeds("ps", "--format", "json", "proxy.lua"))) do found[c.name] = c.id end
  return found
end
local before = ids()
local again = check.succeeds("up", "proxy.lua")
local _, same = again:gsub("is up to date", "")
check.equal(same, 4, again)
check.equal(ids()["proxy-web-2"], before["proxy-web-2"])

-- Another description: one server fewer, one changed, one new. The file's name is the project's name.
local text = tiny.source("lua/recipes/proxy.lua"):gsub("scale = 3", "scale = 2"):gsub('publish = { "8080:80" }', 'publish = { "8081:80" }')
tiny.mkdir("/tmp/changed", { parents = true })
tiny.write_file("/tmp/changed/proxy.lua", text)
check.succeeds("up", "/tmp/changed/proxy.lua")
local after = ids()
check.equal(after["proxy-web-1"], before["proxy-web-1"], "one that did not change")
check.equal(after["proxy-web-3"], nil, "one that is not described any more")
assert(after["proxy-proxy"] ~= before["proxy-proxy"], "one that is described otherwise")
check.equal(net.fetch("http://127.0.0.1:8080/"), nil)
assert(net.fetch("http://127.0.0.1:8081/"):match("^web%-[12]$"))

-- Code for callbacks and restarts comes from the copy of the file.
check.succeeds("restart", "-t", "0", "proxy-web-1")
check.succeeds("down", "-t", "0", "/tmp/changed/proxy.lua")
check.no_container()
check.equal(check.succeeds("network", "ls", "-q"), "")
net.nothing_left()

-- Errors are reported before anything is created.
local function bad(body, words)
  tiny.write_file("/tmp/bad.lua", 'return require("tiny.topology").new ' .. body)
  local result = check.run { "up", "/tmp/bad.lua" }
  check.equal(result.status, 125)
  assert(result.err:find(words, 1, true), result.err)
  check.no_container()
end
bad('{ containers = {} }', "/tmp/bad.lua: the topology has no containers")
bad('{ containers = { { command = "true" }, b = { command = "true" } } }', "containers: [1] has no name")
bad('{ containers = { a = { command = "true", needs = { "b" } }, bb = { command = "true" } } }', 'containers: a needs b, which does not exist; did you mean "bb"?')
bad('{ containers = { a = { command = "true", needs = { "b" } }, b = { command = "true", needs = { "a" } } } }', "containers: circular dependency: a → b → a")
bad('{ containers = { a = { comand = "true" } } }', 'containers: a: unknown key "comand"; did you mean "command"?')
bad('{ containers = { a = { command = "true", memory = "1x" } } }', "memory")
tiny.write_file("/tmp/bad.lua", 'return require("tiny.topology").new { containers = { a = { command = "exit 3", ready = { port = 80 } } } }')
local early = check.run { "up", "/tmp/bad.lua" }
assert(early.err:find("bad-a exited with status 3 before it was ready", 1, true), early.err)
check.succeeds("down", "/tmp/bad.lua")
check.no_container()
net.nothing_left()

-- Named volumes outlive the project unless requested otherwise; an unknown name is reported.
tiny.write_file("/tmp/keeper.lua", [[
return require("tiny.topology").new {
  volumes = { data = { labels = { tier = "db" } }, shared = { external = true }, own = { name = "its-own" } },
  containers = { one = {
    command = "echo kept >> /data/file; cat /data/file; ls /a /b", ready = { exit = 0 }, volumes = { "data:/data", "/anonymous" },
    mounts = { { type = "volume", source = "shared", target = "/a" }, "type=volume,source=own,target=/b" },
  } },
}]])
net.refused({ "up", "/tmp/keeper.lua" }, "/tmp/keeper.lua: volumes: shared: the external volume shared does not exist\n  hint: tinylua volume create shared\n")
check.succeeds("volume", "create", "shared")
assert(check.succeeds("up", "/tmp/keeper.lua"):find("volume     keeper-data               made", 1, true))
check.equal(check.succeeds("volume", "ls", "-q", "--filter", "label=tinylua.project=keeper"), "its-own\nkeeper-data\n")
check.equal(check.succeeds("volume", "ls", "-q", "--filter", "label=tier=db"), "keeper-data\n")
check.equal(check.run({ "down", "--volumes", "nobody" }).status, 125)
assert(check.succeeds("down", "keeper"):find("volume     keeper-data               kept", 1, true))
check.succeeds("volume", "prune", "-f")
check.succeeds("up", "/tmp/keeper.lua")
check.equal(check.succeeds("logs", "/tmp/keeper.lua"), "keeper-one | kept\nkeeper-one | kept\nkeeper-one | /a:\nkeeper-one | \nkeeper-one | /b:\n")
check.succeeds("down", "--volumes", "/tmp/keeper.lua")
check.equal(check.succeeds("volume", "ls", "-q"), "shared\n", "with its anonymous volume, and without the external one")
check.succeeds("volume", "rm", "shared")
net.refused({ "down", "keeper" }, 'no such project: "keeper"\n  hint: give its file, or look at the labels in `tinylua ps -a --format json`\n')
check.no_container()
net.nothing_left()

-- A service that never became ready is not up to date for a second `up`, and what needs it is not started.
tiny.write_file("/tmp/slow.lua", [[
return require("tiny.topology").new { containers = {
  db = { command = "while [ ! -e /data/go ]; do sleep 0.05; done; echo ready; exec sleep 1000", volumes = { "/tmp/go:/data" }, ready = { log = "ready" }, ready_timeout = 1 },
  web = { command = "sleep 1000", needs = { "db" } },
} }
]])
tiny.mkdir("/tmp/go")
for _ = 1, 2 do
  local late = check.run { "up", "/tmp/slow.lua" }
  check.equal(late.status, 125, late.out)
  assert(late.err:find("slow-db was not ready within 1 s", 1, true), late.err)
  check.equal(check.succeeds("ps", "-aq", "--filter", "name=slow-web"), "")
end
tiny.write_file("/tmp/go/go", "")
local at_last = check.succeeds("up", "/tmp/slow.lua")
assert(at_last:find("slow%-db +is up to date"), at_last)
check.equal(select(2, check.succeeds("ps", "-q", "--filter", "name=slow-"):gsub("\n", "")), 2)
check.succeeds("down", "-t", "0", "/tmp/slow.lua")
