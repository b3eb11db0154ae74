-- CVE-2020-15257: sockets of tinylua that a container on the host's network could reach: abstract sockets, or sockets
-- in directories that are accessible to other users.
local attack = require "attack"
local check = require "check"
local sit = require "person"

-- One socket of each kind: to attach to a terminal, to attach to a container without a log, to answer system calls.
check.succeeds("run", "-d", "-t", "--name", "tty", "sleep", "1000")
check.succeeds("run", "-d", "--name", "quiet", "--log-driver", "none", "sleep", "1000")
tiny.write_file("/tmp/asks.lua", [[local t = "tiny" return require(t .. ".container").new { name = "asks", command = "sleep 1000",
  seccomp = { notify = { mkdir = function(call) return call.continue() end } } }]], { mode = tonumber("644", 8) })
local names = { "tty", "quiet" }
if tiny.probe().kernel.machine == "x86_64" then
  check.succeeds("run", "-d", "/tmp/asks.lua")
  table.insert(names, "asks")
end
local box = sit("run", "-it", "--name", "box", "--network", "host", "sh", "-c", "echo up; read x; cat /proc/net/unix; echo en\\d; read x")
table.insert(names, "box")
-- Its socket exists once a client has been accepted.
box:sees("up\r\n")
box:type("\n")
local shown = box:sees("(.*)\r\nend\r\n")
assert(not shown:match("@"), "an abstract socket: " .. shown)
local there = 0
for path in shown:gmatch("(/[^\r\n ]+)") do
  there = there + 1
  local folder, socket = tiny.stat(path:match("^(.*)/")), tiny.stat(path)
  check.equal(folder and folder.mode & tonumber("077", 8), 0, path .. "'s folder")
  check.equal(socket and socket.mode & tonumber("077", 8), 0, path)
end
-- The socket of each container is listed, so the search was in the right place.
for _, name in ipairs(names) do
  local id = check.succeeds("inspect", "--format", "id", name):match("%x+")
  assert(shown:find(("%s/run/%s/"):format(check.root, id), 1, true), "no socket of " .. name .. " was seen: " .. shown)
end
-- A container's file system contains none; on a slow machine only a part of it is searched.
local where = attack.slow and "/run /tmp /dev /var" or "/"
for _, name in ipairs { "box", "tty" } do
  check.equal(check.succeeds("exec", name, "sh", "-c", ("find %s -xdev -type s 2>/dev/null; ls -A /run"):format(where)), "", name)
end
box:type("\n")
box:leaves()
print(there .. " sockets with a path, each in a private folder")
check.succeeds("rm", "-f", table.unpack(names))
check.no_container()
