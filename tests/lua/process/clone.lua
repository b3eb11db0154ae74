-- clone: the closure runs in new or joined namespaces; only its status and its error are returned.
local check = require "check"

local function inode(kind, of)
  local ns <close> = tiny.open_ns(kind, of)
  return ns.inode
end

-- Each key creates a new namespace of its type, and no other.
local kinds = { "user", "net", "mount", "uts", "ipc", "cgroup" }
local mine = {}
for _, kind in ipairs(kinds) do mine[kind] = inode(kind) end
for _, new in ipairs(kinds) do
  check.inside({ [new] = true }, function()
    for _, kind in ipairs(kinds) do check.equal(inode(kind) ~= mine[kind], kind == new, new .. ": new " .. kind) end
  end)
end

-- In a new user namespace the caller is root. An unprivileged caller gives up setgroups for that.
local function own_maps()
  return (tiny.read_file("/proc/self/uid_map") .. tiny.read_file("/proc/self/gid_map") .. tiny.read_file("/proc/self/setgroups")):gsub("%s+", " ")
end
check.inside({ user = true, mount = true }, function()
  check.equal(own_maps(), " 0 0 1 0 0 1 allow ")
  tiny.mount_tmpfs("/mnt")
  -- Where /proc shows another pid namespace, the child maps itself.
  check.inside({ pid = true }, function()
    check.inside({ user = true, oom_score_adj = 7 }, function() check.equal(own_maps(), " 0 0 1 0 0 1 deny ") end)
  end)
end)
check.inside({}, function()
  tiny.setuser(4242, { gid = 4243 })
  check.inside({ user = true, mount = true }, function()
    check.equal(own_maps(), " 0 4242 1 0 4243 1 deny ")
    tiny.mount_tmpfs("/mnt")
  end)
end)
-- Where a setting forbids user namespaces, the error says which, and the hint does not recommend what was given.
check.inside({ user = true }, function()
  tiny.sysctl("user.max_user_namespaces", 0)
  local err = check.fails("ENOSPC", tiny.clone, { user = true }, print)
  check.equal(err.hint, "run sysctl -w user.max_user_namespaces=10000, as root")
  check.inside({}, function()
    tiny.set_caps { effective = {} }
    check.equal(check.fails("EPERM", tiny.clone, { net = true }, print).hint, "needs CAP_SYS_ADMIN: run as root, or also create a user namespace (user = true)")
  end)
end)
check.equal(check.fails("ENOENT", tiny.mount_tmpfs, "/no/such", { create = false }).hint,
  "the mount point or the source is missing; create = true creates the mount point")
check.equal(check.fails("ENOENT", tiny.mount_bind, "/no/such", "/mnt/x", { create = true }).hint, "the mount point or the source is missing")

-- The child of a new pid namespace is its PID 1, and everything in it ends with it.
local from, into = tiny.pipe()
do
  local child <close> = tiny.clone({ pid = true }, function()
    tiny.fork(function() tiny.poll({}, "50s") end)
    into:write(tostring(tiny.getpid()))
    tiny.poll({}, "50s")
  end)
  into:close()
  check.equal(from:read(), "1", "its own pid")
end
check.equal(from:read(), nil, "end of the pipe, which the grandchild held too")

-- An error two forks deep is thrown with the line where it happened.
local outer <close> = tiny.clone({ uts = true }, function()
  local inner <close> = tiny.clone({ net = true }, function() tiny.setrlimit("core", 2, { hard = 1 }) end)
  inner:wait()
end)
local err = check.fails("EINVAL", outer.wait, outer)
check.equal(err.op, "setrlimit")
assert(err.at:match("clone.lua:67$"), err.at)
assert(err.hint:match("above the hard limit"), err.hint)

-- The child has its OOM score from the start, and no process can inspect it.
tiny.set_dumpable(false)
local ranked <close> = tiny.clone({ pid = true, oom_score_adj = 321 }, function()
  check.equal(tiny.read_file("/proc/self/oom_score_adj"), "321\n")
end)
tiny.set_dumpable(true)
check.equal(ranked:wait(), 0)
check.equal(tiny.read_file("/proc/self/oom_score_adj"), "0\n", "the caller's own")
check.fails("EINVAL", tiny.clone, { oom_score_adj = 2000 }, print)

-- Any value can be thrown; one that is not an error value arrives as its text.
local odd <close> = tiny.clone({}, function() error({ code = 7 }) end)
assert(select(2, tiny.try(odd.wait, odd)).message:match("code = 7"))

-- In the child, a handle of the parent undoes nothing: neither when closed nor at the end.
local web <close> = tiny.netns()
check.inside({ net = web }, function()
  check.equal(inode("net"), web.inode, "joined")
  local same <close> = web
  same:close()
end)
check.inside({ net = web }, function() check.equal(inode("net"), web.inode, "still there") end)

local names <close> = tiny.utsns()
check.refuses('option "net": expected a netns handle, got a utsns handle', tiny.clone, { net = names }, print)
check.refuses('unknown option "nett"; did you mean "net"?', tiny.clone, { nett = true }, print)
check.refuses('option "pid": expected true (new) or a namespace handle (join), got the string "new"', tiny.clone, { pid = "new" }, print)
check.refuses('option "net": expected a namespace handle, got a table', tiny.clone, { net = {} }, print)
check.refuses("body is missing: clone(options, body)", tiny.clone, {})
check.refuses("cgroupns needs a cgroup handle; cgroup = true alone creates a new cgroup namespace", tiny.clone, { cgroupns = true }, print)
web:close()
check.refuses("the netns handle is closed", tiny.clone, { net = web }, print)
