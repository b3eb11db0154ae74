-- setns: joins the namespace of a handle, or several namespaces of a process at once.
local check = require "check"

local function inode(kind, of)
  local ns <close> = tiny.open_ns(kind, of)
  return ns.inode
end

local web <close> = tiny.netns()
local home <close> = tiny.open_ns("net")
tiny.setns(web)
check.equal(inode("net"), web.inode, "inside")
check.equal(#tiny.links(), 1, "links of the new namespace")
tiny.setns(home)
check.equal(inode("net"), home.inode, "home again")

-- Of a process: only the named ones.
local other <close> = tiny.clone({ net = true, uts = true, pid = true }, function()
  tiny.sethostname("other")
  tiny.notify_ready()
  tiny.poll({}, "50s")
end)
other:wait_ready()
check.inside({}, function()
  local net = inode("net")
  tiny.setns(other, { uts = true, pid = true })
  check.equal(tiny.read_file("/proc/sys/kernel/hostname"), "other\n")
  check.equal(inode("net"), net, "not asked for")
  -- Its own pid stays; its next child is the second process in that namespace.
  assert(tiny.getpid() ~= 2)
  local second <close> = tiny.fork(function() return tiny.getpid() end)
  check.equal(second:wait(), 2)
end)

-- A pid namespace by its handle, through clone.
local tree <close> = tiny.open_ns("pid", other)
local third <close> = tiny.clone({ pid = tree }, function() return tiny.getpid() end)
check.equal(third:wait(), 3)
check.inside({}, function() assert(tiny.getpid() > 3, "the parent came back") end)

other:reap()
check.fails("ESRCH", tiny.setns, other, { net = true })
check.fails("EINVAL", tiny.setns, (tiny.open_ns("user")))

check.refuses("a netns handle takes no options: it is a single namespace", tiny.setns, web, { net = true })
local me <close> = tiny.pidfd_open(tiny.getpid())
check.refuses("no namespace given: pass those to join, { net = true }", tiny.setns, me)
check.refuses("target is missing: setns(target [, options])", tiny.setns)
check.refuses("target: expected namespace handle or child handle or process handle, got the string \"web\"", tiny.setns, "web")
