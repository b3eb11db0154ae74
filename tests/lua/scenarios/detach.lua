-- run -d, ps, logs, stop: a container that runs in the background.
local check = require "check"

local id = check.succeeds("run", "-d", "--name", "web", "sh", "-c", "trap 'echo bye; exit 5' TERM; echo one; echo two >&2; while :; do sleep 0.05; done")
assert(id:match("^%x%x%x%x%x%x%x%x%x%x%x%x\n$"), id)
id = id:sub(1, 12)

assert(check.succeeds("ps"):match(id .. "  web   sh %-c"), "ps shows it")
check.equal(check.succeeds("ps", "-q"), id .. "\n")
local shown = tiny.json_decode(check.succeeds("ps", "--format", "json"))[1]
check.equal(shown.status, "running")
check.equal(shown.name, "web")

local config = tiny.json_decode(tiny.read_file(check.root .. "/containers/" .. id .. "/config.json"))
for _, key in ipairs { "id", "name", "command", "hostname", "rootfs", "limits", "network", "created_at" } do
  assert(config[key], "config.json lacks " .. key)
end

-- `logs -f` ends with the container, and shows all of the output.
local followed, into = tiny.pipe()
local follower <close> = check.start(function()
  tiny.dup2(into, 1)
  tiny.dup2(into, 2)
  tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "logs", "-f", "web" }
end)
into:close()
local text = followed:read()
assert(text:match("one"), text)
check.equal(check.succeeds("stop", id:sub(1, 4)), id:sub(1, 4) .. "\n")
for more in function() return followed:read() end do text = text .. more end
check.equal(text, "one\ntwo\nbye\n")

check.equal(check.succeeds("ps"), "CONTAINER ID  NAME  COMMAND  CREATED  STATUS\n")
assert(check.succeeds("ps", "-a"):match("Stopped %(5%)"), "ps -a shows how it ended")
check.equal(check.succeeds("logs", "--tail", "1", "web"), "bye\n")
assert(check.succeeds("logs", "-t", "web"):match("^%d%d%d%d%-%d%d%-%d%dT%S+Z one\n"), "times")
check.equal(check.run({ "stop", "web" }).err, "tinylua: web is not running\n")
check.equal(check.succeeds("ps", "-a", "--filter", "status=running"), "CONTAINER ID  NAME  COMMAND  CREATED  STATUS\n")
