-- Changes to data shared by several processes wait for the lock: records, names, networks, ranges of user ids, cgroup
-- parents. The test holds each lock, and /proc/locks shows the process that waits.
local check = require "check"
local state = require "tiny.store.state"

-- Whether a process waits for the lock on this file (proc(5), /proc/locks).
local function awaited(path)
  local s = tiny.stat(path)
  local major, minor = s.dev >> 8 & 0xfff, (s.dev & 0xff) | (s.dev >> 12 & ~0xff)
  local place = ("%02x:%02x:%d "):format(major, minor, s.ino)
  for line in tiny.read_file("/proc/locks"):gmatch("[^\n]+") do
    if line:find("-> FLOCK", 1, true) and line:find(place, 1, true) then return true end
  end
  return false
end

-- f, in a separate process, waits for the lock, and continues when it is released. meanwhile(): called while it waits.
local function waits(what, path, f, meanwhile)
  tiny.mkdir(path:match("^(.*)/"), { parents = true })
  local lock = tiny.flock(path)
  local child <close> = tiny.fork(function() f() end)
  while not awaited(path) do
    if #tiny.poll({ child }, "10ms") > 0 then error(what .. " does not wait for " .. path) end
  end
  if meanwhile then meanwhile() end
  -- The child has inherited it.
  tiny.unlock(lock)
  check.equal(child:wait(), 0, what)
end

local function command(path, ...)
  local words = { ... }
  waits(table.concat(words, " "), check.root .. path, function() check.succeeds(table.unpack(words)) end)
end

-- A container's record.
local id = check.succeeds("create", "--name", "web", "sleep", "60"):sub(1, 12)
local folder = "/containers/" .. id
command(folder .. "/lock", "rename", "web", "site")
command(folder .. "/lock", "start", "site")
command(folder .. "/lock", "update", "--pids-limit", "64", "site")
local record = state.load(id)
for _, change in ipairs { "update", "change_config" } do
  waits(change, check.root .. folder .. "/lock", function() state[change](record, function(it) it.changed = change end) end)
end
local now = state.load(id)
check.equal(now.config.changed, "change_config")
check.equal(now.state.changed, "update")
check.equal(now.state.status, "running", "what others wrote meanwhile")
-- A lock acquired in a directory that was removed meanwhile is not valid.
waits("an update of what is gone", check.root .. folder .. "/lock", function()
  local _, err = tiny.try(state.update, record, function() end)
  check.equal(err and err.message, 'container "site" no longer exists')
end, function() tiny.rename(check.root .. folder, check.root .. "/away") end)
tiny.rename(check.root .. "/away", check.root .. folder)
check.succeeds("rm", "-f", "site")

-- A new container's lock is held before its record exists: a record without a lock has lost its creator.
do
  local held, mkdir = nil, tiny.mkdir
  tiny.mkdir = function(path, options)
    local made = path:match("/containers/(%x+)$")
    if made then
      local child <close> = tiny.fork(function() return tiny.flock(check.root .. "/run/" .. made .. "/alive", { wait = false }) and 1 or 0 end)
      held = child:wait() == 0
    end
    return mkdir(path, options)
  end
  local new = state.create { name = "new", command = { "true" } }
  tiny.mkdir = mkdir
  check.equal(held, true, "the lock is held when the record is made")
  new.alive:close()
  check.succeeds("gc")
  check.equal(tiny.stat(new.dir), nil)
end

-- The name of a container that no longer exists: two commands must not reserve it at once.
tiny.write_file(check.root .. "/names/left", "0123456789ab")
command("/lock", "create", "--name", "left", "true")
check.succeeds("rm", "left")

-- Networks and their addresses.
command("/networks/.lock", "network", "create", "blue")
if tiny.probe().network.nftables ~= false then
  command("/networks/.lock", "run", "-d", "--name", "one", "--network", "blue", "sleep", "60")
  command("/networks/.lock", "rm", "-f", "one")
end
command("/networks/.lock", "network", "rm", "blue")

-- Cgroup parents: those that tinylua created are recorded, and removed once no container uses them.
command("/cgroups/lock", "run", "-d", "--name", "below", "--cgroup-parent", "shared/inner", "sleep", "60")
command("/cgroups/lock", "rm", "-f", "below")

-- Ranges of user ids.
local probe <close> = tiny.userns { uid_map = { { 0, 700000, 10 } }, gid_map = { { 0, 700000, 10 } } }
local mapped = tiny.try(tiny.mount_bind, "/tmp", "/mnt", { idmap = probe, recursive = false })
if mapped then mapped:close() end
waits("run --userns auto", check.root .. "/userids/lock", function()
  local ran = check.run { "run", "--rm", "--userns", "auto", "true" }
  -- Without idmapped mounts it has taken its range anyway.
  if mapped then check.equal(ran.status, 0, ran.err) end
end)
check.no_container()
