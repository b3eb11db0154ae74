-- The primitives' stand-ins for a plan: what only looks is let through, everything else is noted on the tape and
-- answered as if it had been done. A primitive that is not named as one that looks is never called.
local Files = require "tiny.dev.plan.files"
local doubles = require "tiny.dev.plan.fake_handles"

local standins = {}

standins.LOOKS = require("tiny.dev.effects").LOOKS

-- The kind of handle that a call returns, with the fields that tell it from others.
local MADE = {
  netns = "netns", utsns = "utsns", ipcns = "ipcns", timens = "timens", userns = "userns", addr_add = "addr", route_add = "route", nat = "nat", publish = "published",
  isolate = "isolation", block_transit = "transit", pin = "pin", qdisc_set = "qdisc", flock = "lock", signals = "signals", watch = "watch", cgroup_notice = "notice", pump = "pump", relay = "relay", raw_mode = "terminal_mode",
  unix_listen = "file", unix_connect = "file", recv_fd = "file", tcp_connect = "file", stdio = "file", pidfd_open = "process",
}
local MOUNTS = { mount_bind = true, mount_proc = true, mount_sysfs = true, mount_tmpfs = true, mount_devpts = true, mount_mqueue = true, mount_cgroup = true, mount_overlay = true }
-- What a mount shows that is not a folder of the host's.
local SHOWN = { mount_proc = "/proc", mount_sysfs = "/sys", mount_cgroup = "/sys/fs/cgroup" }

-- The answers, by primitive: functions of the plan and the call's arguments.
local answer = {}

function answer.open_ns(_, kind) return doubles.new(kind == "mount" and "mountns" or kind .. "ns") end
function answer.pipe() return doubles.new("file"), doubles.new("file") end
function answer.socketpair() return doubles.new("file"), doubles.new("file") end
function answer.openpty() return doubles.new("file"), doubles.new("file", { path = "/dev/pts/0" }) end
function answer.open(_, path) return doubles.new("file", { path = path }) end
answer.open_device = answer.open
function answer.poll(_, handles) return handles or {} end
function answer.wait() return 0 end
function answer.process_exit() return 0 end
function answer.reserve_port(_, port) return doubles.new("reservation", { port = math.tointeger(tonumber(tostring(port):match("^%d+"))) or 0 }) end
function answer.tcp_listen() return doubles.new("listener", { port = 0 }) end
function answer.udp_bind() return doubles.new("udp", { port = 0 }) end
function answer.bridge(plan, name, options)
  plan.links[name] = true
  return doubles.new("bridge", { name = name, addr = options and options.addr })
end
function answer.veth_pair(plan, one, other)
  plan.links[one.name] = true
  return doubles.new("veth", { name = one.name, peer = other and other.name })
end
function answer.cgroup(plan, path, options)
  local found = {}
  for _, name in ipairs(options and options.controllers or {}) do found[name] = "/sys/fs/cgroup/" .. path end
  return doubles.new("cgroup", { path = path, version = plan.host.cgroup.mode, folders = found })
end
answer.open_cgroup = answer.cgroup
function answer.cgroup_stats() return {} end
function answer.cgroup_read() return "" end
-- Of the host's own file: only where a value is not set it tells one.
function answer.sysctl(plan, key, value)
  if value == nil then return plan.true_ones.sysctl(key) end
  return doubles.new("sysctl", { key = key, value = value })
end
function answer.landlock(plan, rules)
  if rules and rules.check then return plan.true_ones.landlock(rules) end
  return { left_out = {} }
end
function answer.terminal_size() return 24, 80 end
function answer.read_line() return nil end

-- Files that the plan writes are there for it from then on.
function answer.write_file(plan, path, data, options) plan.files:put(path, options and options.root, data) end
function answer.mkdir(plan, path, options) plan.files:put(path, options and options.root, true) end
function answer.mkdirs(plan, root, paths)
  for _, path in ipairs(paths) do plan.files:put(root .. "/" .. path, nil, true) end
end
function answer.copy_entries(plan, names, to)
  local kinds = {}
  for folder, list in pairs(names) do
    for _, name in ipairs(list) do
      local path = (folder == "/" and "" or folder) .. "/" .. name
      local s = not name:find("*", 1, true) and plan.files:read(plan.true_ones.stat, path, { follow = false })
      kinds[path] = s and s.kind or nil
      if s then plan.files:put(to .. path, nil, s.kind == "dir" or "") end
    end
  end
  return kinds
end
function answer.mknod(plan, path, _, options) plan.files:put(path, options and options.root, "") end
function answer.symlink(plan, _, path, options) plan.files:put(path, options and options.root, "") end
function answer.remove(plan, path, options) plan.files:put(path, options and options.root, false) end
function answer.open_root(plan, path, options) return doubles.new("dir", { path = plan.files:place(path, options and options.root) }) end
function answer.pivot_root(plan, root)
  local place = plan.files:pivot(doubles.is(root) and root.path or root)
  plan.tape:pivot(place)
end
answer.chroot = answer.pivot_root
-- It goes on as its program's reaper, and never comes back.
function answer.become_init(plan) plan.tape:end_process() end
-- What a pipe would say: nobody can tell, but that a container's maker lets it go on.
function answer.read(plan) return plan.says end

-- A link that is neither the host's nor the plan's has no state to change.
function answer.link_set(plan, name, options)
  if options and options.netns or name == "lo" or plan.links[name] then return end
  for _, link in ipairs(plan.true_ones.links()) do
    if link.name == name then return end
  end
  tiny.fail { message = "there is no link " .. name, code = "ENODEV" }
end

-- Where a mount is made, and which folder of the host is then seen there.
local function mounted(plan, op, ...)
  local arguments = table.pack(...)
  local source = op == "mount_bind" and table.remove(arguments, 1) or nil
  local target, options = arguments[1], arguments[2] or {}
  local place, uses = plan.files:place(target, options.root), {}
  local from = SHOWN[op] or false
  if source then
    uses[1] = plan.files:place(source, options.source_root)
    from = plan.files:real(uses[1])
  end
  for i, lower in ipairs(op == "mount_overlay" and options.lower or {}) do
    uses[i] = plan.files:place(lower)
    from = plan.files:real(uses[i])
  end
  plan.files:show(place, from)
  return place, from, uses, doubles.new("mount", { path = target }), options.open and doubles.new("dir", { path = place }) or nil
end

-- A fork: the child's side first, as a process of its own.
local function born(plan, op, ...)
  local body = select(select("#", ...), ...)
  local inside = op == "clone"
  plan.children = plan.children + 1
  local name = inside and (plan.children == 1 and "child" or "child " .. plan.children) or plan.tape.lane
  local shows = {}
  for place, from in pairs(plan.files.shows) do shows[place] = from end
  plan.tape:inside(name, body)
  plan.files.shows = shows
  return doubles.new("child", { pid = plan.children })
end

-- What a look at a file says: the plan's own files come first.
local looks = {}

function looks.stat(plan, path, options)
  local planned = plan.files:planned(path, options and options.root)
  if planned == false then return nil end
  if planned ~= nil then
    local kind = planned == true and "dir" or "file"
    return { kind = kind, size = planned ~= true and #planned or 0, mode = 493, uid = tiny.getuid(), gid = tiny.getgid(), mtime = 0, dev = -1, ino = -1, rdev = 0 }
  end
  return plan.files:read(plan.true_ones.stat, path, options)
end
function looks.read_file(plan, path, options)
  local planned = plan.files:planned(path, options and options.root)
  if type(planned) == "string" then return planned elseif planned == false then return nil end
  return plan.files:read(plan.true_ones.read_file, path, options)
end
function looks.list_dir(plan, path, options)
  if plan.files:planned(path, options and options.root) then return {} end
  return plan.files:read(plan.true_ones.list_dir, path, options)
end
function looks.readlink(plan, path, options)
  return plan.files:read(plan.true_ones.readlink, path, options) or tiny.fail { message = "it is no symbolic link", code = "EINVAL" }
end

-- They look at a handle, and a stand-in has nothing to be seen.
local OF_HANDLES = { "caps", "mounts", "links", "routes", "published", "nft_chains", "cgroup_of" }

local function has_double(value, other)
  if type(value) ~= "table" then return other ~= nil and has_double(other) end
  return doubles.is(value) or doubles.is(value.netns) or other ~= nil and has_double(other)
end

-- Fails as the call would that is wrong in itself; of a stand-in nobody knows what it would have been.
local function foresee(plan, op, ...)
  local unknown, arguments = plan.true_ones.foresee(), table.pack(...)
  local function known(value, depth)
    if doubles.is(value) then return unknown end
    if type(value) ~= "table" or depth == 0 then return value end
    local copy = {}
    for key, item in pairs(value) do copy[key] = known(item, depth - 1) end
    return copy
  end
  for i = 1, arguments.n do arguments[i] = known(arguments[i], 3) end
  local refusal = plan.true_ones.foresee(op, arguments)
  if refusal then
    tiny.fail { op = op, args = { require("tiny.dev.plan.recorder").arguments(...) }, message = refusal, code = "EINVAL", usage = true, at = tiny.caller() }
  end
end

local function standin(plan, op)
  if looks[op] then return function(...) return looks[op](plan, ...) end end
  if op == "clone" or op == "fork" then
    return function(...)
      foresee(plan, op, ...)
      plan.tape:note(op, ...)
      return born(plan, op, ...)
    end
  end
  return function(...)
    local first = (...)
    local quiet = (op == "sysctl" and select("#", ...) < 2) or (op == "landlock" and type(first) == "table" and first.check)
    foresee(plan, op, ...)
    local call = not quiet and plan.tape:note(op, ...)
    if op == "exec" then plan.tape:end_process() end
    if MOUNTS[op] then
      local place, from, uses, mount, dir = mounted(plan, op, ...)
      call.target, call.from, call.uses = place, from or nil, uses
      return mount, dir
    end
    if MADE[op] then return doubles.new(MADE[op], { name = type(first) == "string" and first or nil }) end
    if answer[op] then return answer[op](plan, ...) end
  end
end

-- Puts the stand-ins in the place of every primitive that does not only look; none of the true ones is in reach of Lua
-- after that. plan: tape. Returns it with what the stand-ins know.
function standins.install(plan)
  plan.files, plan.links, plan.children, plan.true_ones, plan.host = Files.new(), {}, 0, {}, tiny.probe()
  for name, primitive in pairs(tiny) do
    if type(primitive) == "function" then plan.true_ones[name] = primitive end
  end
  -- A name that is taken away would be bound anew to the primitive itself.
  getmetatable(tiny).__index, getmetatable(tiny).__pairs = nil, nil
  for _, name in ipairs(OF_HANDLES) do
    tiny[name] = function(...) return has_double(...) and {} or plan.true_ones[name](...) end
  end
  for name in pairs(plan.true_ones) do
    if not standins.LOOKS[name] then tiny[name] = standin(plan, name) end
  end
  return plan
end

return standins
