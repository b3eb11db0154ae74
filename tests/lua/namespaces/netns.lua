-- netns: a network namespace as a value; it is destroyed with its last handle.
local check = require "check"

local outside = tiny.readlink("/proc/self/ns/net")
local web <close> = tiny.netns()
check.equal(web.kind, "netns")
check.equal(tiny.readlink("/proc/self/ns/net"), outside, "the caller stays where it was")
assert(("net:[%d]"):format(web.inode) ~= outside)
local two <close> = tiny.netns()
assert(two.inode ~= web.inode)

-- A link in it is deleted with it: nothing else holds the namespace.
do
  local gone <close> = tiny.netns()
  tiny.veth_pair({ name = "here" }, { name = "there", netns = gone })
  assert(tiny.stat("/sys/class/net/here"))
end
local deadline = tiny.clock() + 10
while tiny.stat("/sys/class/net/here") do
  assert(tiny.clock() < deadline, "the namespace outlived its handle")
  tiny.poll({}, "5ms")
end

local left
local _, err = tiny.try(function()
  local held <close> = tiny.netns()
  left = held
  tiny.fail("the body failed")
end)
check.equal(err.message, "the body failed")
check.refuses("the netns handle is closed", tiny.setns, left)

-- It can belong to another user namespace, whose root may then change it.
local own <close> = tiny.userns { uid_map = { { 0, 5000, 1 } }, gid_map = { { 0, 5000, 1 } } }
local theirs <close> = tiny.netns { user = own }
check.equal(tiny.readlink("/proc/self/ns/net"), outside, "the caller stays where it was")
check.inside({ user = own, net = theirs }, function() tiny.link_set("lo", { up = true }) end)
check.equal(check.fails("EPERM", function()
  local child <close> = tiny.clone({ user = own, net = web }, function() end)
  child:wait()
end).op, "clone", "one of the host's")
check.refuses('option "user": expected a userns handle, got a netns handle', tiny.netns, { user = web })
check.refuses('unknown option "users"; did you mean "user"?', tiny.netns, { users = own })
