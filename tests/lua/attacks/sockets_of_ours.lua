-- CVE-2020-15257: sockets of the engine that a container on the host's network can reach: abstract ones, or in folders that
-- others may enter.
local check = require "check"
local sit = require "person"

local box = sit("run", "-it", "--name", "box", "--network", "host", "sh", "-c", "cat /proc/net/unix; echo en\\d; read x")
local shown = box:sees("(.*)\r\nend\r\n")
assert(not shown:match("@"), "an abstract socket: " .. shown)
local there = 0
for path in shown:gmatch("(/[^\r\n ]+)\r") do
  there = there + 1
  local folder = tiny.stat(path:match("^(.*)/"))
  check.equal(folder and folder.mode & tonumber("077", 8) or 0, 0, path)
end
-- And none is in its file system.
check.equal(check.succeeds("exec", "box", "sh", "-c", "find / -xdev -type s 2>/dev/null; ls -A /run"), "")
box:type("\n")
box:leaves()
print(there .. " sockets with a path, each in a private folder")
check.succeeds("rm", "box")
check.no_container()
