-- Learning ports: a server and its client, learned in the background and also from programs started by exec.
local check = require "check"

require("networked").needs()
local landlock = tiny.probe().security.landlock
local function set(list)
  local found = {}
  for _, item in ipairs(list) do found[item] = true end
  return found
end

check.succeeds("run", "-d", "--name", "web", "--network", "bridge", "--learn", "policy.lua", "sh", "-c",
  "exec busybox nc -ll -p 80 -e sh -c 'sleep 0.2; echo page'")
local GET = "for i in 1 2 3 4 5 6 7 8 9; do busybox nc 127.0.0.1 80 && break; sleep 0.2; done"
check.equal(check.succeeds("exec", "web", "sh", "-c", GET), "page\n")
check.succeeds("stop", "-t", "0", "web")
check.succeeds("rm", "web")
local policy = tiny.load_recipe("policy.lua")()
local text = tiny.read_file("policy.lua")
assert(set(policy.cap_add).NET_BIND_SERVICE, text)
check.equal(policy.landlock.tcp_bind[1], 80, text)
check.equal(policy.landlock.tcp_connect[1], 80, text)
check.succeeds("run", "-d", "--name", "web", "--network", "bridge", "--policy", "policy.lua", "sh", "-c",
  "exec busybox nc -ll -p 80 -e sh -c 'sleep 0.2; echo page'")
check.equal(check.succeeds("exec", "web", "sh", "-c", GET), "page\n")
if landlock >= 4 then
  local refused = check.run { "exec", "web", "sh", "-c", "busybox nc 127.0.0.1 81" }
  assert(refused.err:find("Permission denied", 1, true), refused.err)
end
check.equal(check.run({ "exec", "web", "busybox", "chroot", "/", "true" }).status, 1)
local id = tiny.list_dir(check.root .. "/containers")[1]
local remarks = tiny.read_file(check.root .. "/containers/" .. id .. "/supervisor.log")
assert(remarks:find("web: denied chroot, which is not an allowed system call", 1, true), remarks)
check.succeeds("rm", "-f", "web")
check.no_container()
