-- Fake primitives for a plan: calls that only read are executed, all others are recorded and answered as if they had been
-- executed. A primitive whose registry entry does not say that it reads is never called.
local Files = require "tiny.dev.plan.files"
local effects = require "tiny.dev.effects"
local fake_handles = require "tiny.dev.plan.fake_handles"

local fake_primitives = {}

local MOUNTS = { mount_bind = true, mount_proc = true, mount_sysfs = true, mount_tmpfs = true, mount_devpts = true, mount_mqueue = true, mount_cgroup = true, mount_filesystem = true, mount_overlay = true }
-- The kernel file systems that mounts show.
local SHOWN = { mount_proc = "/proc", mount_sysfs = "/sys", mount_cgroup = "/sys/fs/cgroup" }

-- The results, by primitive: functions of the plan and the call's arguments.
local answer = {}

function answer.open_ns(_, kind) return fake_handles.new(kind == "mount" and "mountns" or kind .. "ns") end
function answer.pipe() return fake_handles.new("file"), fake_handles.new("file") end
function answer.socketpair() return fake_handles.new("file"), fake_handles.new("file") end
function answer.openpty() return fake_handles.new("file"), fake_handles.new("file", { path = "/dev/pts/0" }) end
function answer.open(_, path) return fake_handles.new("file", { path = path }) end
answer.open_device = answer.open
function answer.poll(_, handles) return handles or {} end
function answer.wait() return 0 end
function answer.process_exit_status() return 0 end
-- A port that the kernel would choose.
local FREE = 32768
function answer.reserve_port(_, port)
  local number = math.tointeger(tonumber(tostring(port):match("^%d+")))
  return fake_handles.new("reservation", { port = number ~= 0 and number or FREE })
end
function answer.tcp_listen() return fake_handles.new("listener", { port = FREE }) end
function answer.nflog(_, group) return fake_handles.new("nflog", { group = group or 1 }) end
function answer.nft_watch() return fake_handles.new("nft_watch") end
function answer.udp_bind() return fake_handles.new("udp", { port = FREE }) end
function answer.http(_, url) return fake_handles.new("response", { name = url, status = 200, headers = {} }) end
function answer.http_read() return "" end
function answer.http_save() return { bytes = 0, digest = "sha256:" .. ("0"):rep(64) } end
function answer.bridge(plan, name, options)
  plan.links[name] = true
  return fake_handles.new("bridge", { name = name, addr = options and options.addr })
end
function answer.veth_pair(plan, one, other)
  plan.links[one.name] = true
  return fake_handles.new("veth", { name = one.name, peer = other and other.name })
end
function answer.cgroup(plan, path, options)
  local found = {}
  for _, name in ipairs(options and options.controllers or {}) do found[name] = "/sys/fs/cgroup/" .. path end
  return fake_handles.new("cgroup", { path = path, version = plan.host.cgroup.mode, folders = found })
end
answer.open_cgroup = answer.cgroup
function answer.cgroup_stats() return {} end
function answer.cgroup_read() return "" end
-- Reads the host's setting; setting one is only recorded.
function answer.sysctl(plan, key, value)
  if value == nil then return plan.originals.sysctl(key) end
  return fake_handles.new("sysctl", { key = key, value = value })
end
function answer.landlock(plan, rules)
  if rules and rules.check then return plan.originals.landlock(rules) end
  return { left_out = {} }
end
function answer.terminal_size() return 24, 80 end
function answer.read_line() return nil end

-- Files that the plan writes can be read by it later.
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
      local s = not name:find("*", 1, true) and plan.files:read(plan.originals.stat, path, { follow = false })
      kinds[path] = s and s.kind or nil
      if s then plan.files:put(to .. path, nil, s.kind == "dir" or "") end
    end
  end
  return kinds
end
function answer.mknod(plan, path, _, options) plan.files:put(path, options and options.root, "") end
function answer.symlink(plan, _, path, options) plan.files:put(path, options and options.root, "") end
function answer.remove(plan, path, options) plan.files:put(path, options and options.root, false) end
function answer.open_root(plan, path, options) return fake_handles.new("dir", { path = plan.files:place(path, options and options.root) }) end
function answer.pivot_root(plan, root)
  local place = plan.files:pivot(fake_handles.is(root) and root.path or root)
  plan.recorder:pivot(place)
end
answer.chroot = answer.pivot_root
-- The process becomes the init of its program and never returns.
-- What serves others from here on never ends by itself.
function answer.notify_ready(plan) plan.recorder:end_process() end
function answer.become_init(plan) plan.recorder:end_process() end
-- The contents of a pipe are unknown, except the message that lets a container continue.
function answer.read(plan) return plan.says end

-- Fails for a link that exists neither on the host nor in the plan.
function answer.link_set(plan, name, options)
  if options and options.netns or name == "lo" or plan.links[name] then return end
  for _, link in ipairs(plan.originals.links()) do
    if link.name == name then return end
  end
  tiny.fail { message = "no such link: " .. name, code = "ENODEV" }
end

-- The target of a mount, and the host directory that it shows.
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
  return place, from, uses, fake_handles.new("mount", { path = target }), options.open and fake_handles.new("dir", { path = place }) or nil
end

-- A fork: runs the child's side first, as a process of its own.
local function born(plan, op, ...)
  local body = select(select("#", ...), ...)
  local inside = op == "clone"
  plan.children = plan.children + 1
  local name = inside and (plan.children == 1 and "child" or "child " .. plan.children) or plan.recorder.lane
  local shows = {}
  for place, from in pairs(plan.files.shows) do shows[place] = from end
  plan.recorder:inside(name, body)
  plan.files.shows = shows
  return fake_handles.new("child", { pid = plan.children })
end

-- Results of reading files; the plan's own files come first.
local looks = {}

function looks.stat(plan, path, options)
  local planned = plan.files:planned(path, options and options.root)
  if planned == false then return nil end
  if planned ~= nil then
    local kind = planned == true and "dir" or "file"
    return { kind = kind, size = planned ~= true and #planned or 0, mode = 493, uid = tiny.getuid(), gid = tiny.getgid(), mtime = 0, dev = -1, ino = -1, rdev = 0 }
  end
  return plan.files:read(plan.originals.stat, path, options)
end
function looks.read_file(plan, path, options)
  local planned = plan.files:planned(path, options and options.root)
  if type(planned) == "string" then return planned elseif planned == false then return nil end
  return plan.files:read(plan.originals.read_file, path, options)
end
function looks.list_dir(plan, path, options)
  if plan.files:planned(path, options and options.root) then return {} end
  return plan.files:read(plan.originals.list_dir, path, options)
end
function looks.readlink(plan, path, options)
  return plan.files:read(plan.originals.readlink, path, options) or tiny.fail { message = "not a symbolic link", code = "EINVAL" }
end

-- These read a handle, and a fake handle has nothing to read.
local OF_HANDLES = { "caps", "mounts", "links", "routes", "published", "nft_chains", "cgroup_of" }

local function has_fake(value, other)
  if type(value) ~= "table" then return other ~= nil and has_fake(other) end
  return fake_handles.is(value) or fake_handles.is(value.netns) or other ~= nil and has_fake(other)
end

-- Fails like the call would if its arguments are invalid; arguments that are fakes are not checked.
local function foresee(plan, op, ...)
  local unknown, arguments = plan.originals.foresee(), table.pack(...)
  local function known(value, depth)
    if fake_handles.is(value) then return unknown end
    if type(value) ~= "table" or depth == 0 then return value end
    local copy = {}
    for key, item in pairs(value) do copy[key] = known(item, depth - 1) end
    return copy
  end
  for i = 1, arguments.n do arguments[i] = known(arguments[i], 3) end
  local refusal = plan.originals.foresee(op, arguments)
  if refusal then
    tiny.fail { op = op, args = { require("tiny.dev.plan.recorder").arguments(...) }, message = refusal, code = "EINVAL", usage = true, at = tiny.caller() }
  end
end

local function fake(plan, op)
  if looks[op] then return function(...) return looks[op](plan, ...) end end
  if op == "clone" or op == "fork" then
    return function(...)
      foresee(plan, op, ...)
      plan.recorder:note(op, ...)
      return born(plan, op, ...)
    end
  end
  return function(...)
    local first = (...)
    local quiet = (op == "sysctl" and select("#", ...) < 2) or (op == "landlock" and type(first) == "table" and first.check)
    foresee(plan, op, ...)
    local call = not quiet and plan.recorder:note(op, ...)
    if op == "exec" then plan.recorder:end_process() end
    if MOUNTS[op] then
      local place, from, uses, mount, dir = mounted(plan, op, ...)
      call.target, call.from, call.uses = place, from or nil, uses
      return mount, dir
    end
    if answer[op] then return answer[op](plan, ...) end
    local kind = (effects.PRIMITIVES[op] or {}).returns
    if kind then return fake_handles.new(kind, { name = type(first) == "string" and first or nil }) end
  end
end

-- Replaces every primitive that does not only read by a fake; afterwards no original is reachable from Lua. plan: its
-- recorder. Returns it with the fakes' state.
function fake_primitives.install(plan)
  plan.files, plan.links, plan.children, plan.originals, plan.host = Files.new(), {}, 0, {}, tiny.probe()
  for name, primitive in pairs(tiny) do
    if type(primitive) == "function" then plan.originals[name] = primitive end
  end
  -- A missing name would be bound again to the primitive itself; an old name is that of a fake.
  getmetatable(tiny).__index = function(_, name) return effects.RENAMED[name] and rawget(tiny, effects.RENAMED[name].name) end
  getmetatable(tiny).__pairs = nil
  for _, name in ipairs(OF_HANDLES) do
    tiny[name] = function(...) return has_fake(...) and {} or plan.originals[name](...) end
  end
  for name in pairs(plan.originals) do
    if looks[name] or not effects.reads(name) then tiny[name] = fake(plan, name) end
  end
  return plan
end

return fake_primitives
