-- Creates the container of a configuration: the pipeline of tiny.container with the steps of an OCI runtime. The first process sets
-- itself up, reports that it is ready, and waits for `start` on a socket; it is then the child of whoever called `create`.
local cgroup = require "tiny.oci.cgroup"
local container = require "tiny.container"
local hooks = require "tiny.oci.hooks"
local mounts = require "tiny.oci.mounts"
local process = require "tiny.oci.process"
local state = require "tiny.oci.state"
local userns = require "tiny.oci.userns"

local run_step, guarded = container.run_step, container.guarded

local step = {}

-- The kinds of namespaces by their names in tiny.clone.
local KINDS = { pid = "pid", network = "net", mount = "mount", ipc = "ipc", uts = "uts", time = "time" }

function step.cgroup(ctx)
  cgroup.create(ctx)
end

-- A network namespace is created before the container only to move devices into it (linux.netDevices).
function step.network(ctx)
  local devices = ctx.config.linux.netDevices
  local space = ctx.config.spaces.network
  if not devices or not next(devices) then return end
  if not space then tiny.fail("linux.netDevices: the container has no network namespace of its own") end
  ctx.netns = space.path and existing(ctx.config, "net", space.path) or tiny.netns { user = ctx.userns }
  for _, name in ipairs(require "tiny.base.sorted_keys"(devices)) do
    tiny.link_set(name, { move_to = ctx.netns, name = devices[name].name, up = true })
  end
end

-- Opens an existing namespace; an error names its field.
local function existing(config, kind, path)
  local handle, err = tiny.try(tiny.open_ns, kind, path)
  if handle then return handle end
  for i, space in ipairs(config.linux.namespaces) do
    if space.path == path then err.message = ("linux.namespaces[%d].path: %s"):format(i - 1, err.message) end
  end
  error(err, 0)
end

-- What tiny.clone is asked for, and the handles to close afterwards.
local function namespaces(ctx)
  local spaces, options, held = ctx.config.spaces, {}, {}
  local function open(kind, path)
    local handle = existing(ctx.config, kind, path)
    table.insert(held, handle)
    return handle
  end
  for kind, key in pairs(KINDS) do
    local space = spaces[kind]
    if space then options[key] = space.path and open(key, space.path) or true end
  end
  if ctx.netns then
    options.net = ctx.netns
    table.insert(held, ctx.netns)
  end
  local offsets = ctx.config.linux.timeOffsets
  if offsets and next(offsets) then
    local given = {}
    for clock, offset in pairs(offsets) do given[clock] = (offset.secs or 0) + (offset.nanosecs or 0) / 1e9 end
    options.time = tiny.timens(given)
    table.insert(held, options.time)
  end
  if spaces.user then
    options.user = ctx.userns
    table.insert(held, ctx.userns)
  end
  if ctx.cgroup then options.cgroup = ctx.cgroup end
  local space = spaces.cgroup
  if space and space.path then ctx.cgroup_space = open("cgroup", space.path)
  elseif space and ctx.cgroup then options.cgroupns = true
  elseif space then options.cgroup = true end
  return options, held
end

function step.namespaces(ctx)
  local options, held = namespaces(ctx)
  options.oom_score_adj = ctx.config.process and ctx.config.process.oomScoreAdj
  options.outlives = true
  ctx.child = tiny.clone(options, ctx.inside)
  for _, handle in ipairs(held) do handle:close() end
end

function step.rootfs(ctx)
  ctx.root = mounts.root(ctx)
end

function step.mounts(ctx)
  local config = ctx.config
  mounts.all(ctx)
  if ctx.dev or config.linux.devices then require("tiny.oci.devices").make(ctx) end
  mounts.links(ctx)
  mounts.restrict(ctx)
  require("tiny.oci.sysctls").set(config.linux.sysctl)
  if config.hostname and config.hostname ~= "" then tiny.sethostname(config.hostname) end
  if config.domainname and config.domainname ~= "" then tiny.sysctl("kernel.domainname", config.domainname) end
  if ctx.listed.prestart or ctx.listed.createRuntime then
    ctx.sync:write("hooks")
    if ctx.sync:read() ~= "go" then tiny.fail("the runtime ended during its hooks") end
  end
  hooks.run(config, "createContainer", ctx.shown)
  tiny.pivot_root(ctx.root)
  if config.root.readonly then tiny.remount_ro("/") end
  local propagation = config.linux.rootfsPropagation or ""
  if propagation ~= "" then tiny.mount_propagation("/", (propagation:gsub("^r", "")), { recursive = propagation:sub(1, 1) == "r" }) end
end

-- Standard input, output and error become a new terminal, whose master goes to the engine.
local function terminal(ctx, asked)
  local master, slave = tiny.openpty("/dev/pts", { root = ctx.root })
  local size = asked.consoleSize
  if size and size.height and size.width then tiny.terminal_size(slave, { rows = size.height, cols = size.width }) end
  local uid = asked.user and asked.user.uid or 0
  if uid ~= 0 then tiny.chown(slave.path, { root = ctx.root, uid = uid, gid = tiny.stat(slave.path, { root = ctx.root }).gid }) end
  tiny.set_controlling_terminal(slave)
  if ctx.first then tiny.mount_bind(slave.path, "/dev/console", { create = true }) end
  for number = 0, 2 do tiny.dup2(slave, number) end
  tiny.send_fd(ctx.console, master, { data = "/dev/ptmx" })
  ctx.console:close()
  master:close()
  slave:close()
end

function step.security(ctx)
  local asked, linux = ctx.config.process, ctx.config.linux
  if not asked then return end
  if asked.terminal then terminal(ctx, asked) end
  if linux.personality then tiny.personality { domain = linux.personality.domain or "LINUX" } end
  if linux.memoryPolicy then require("tiny.oci.memory_policy")(linux.memoryPolicy) end
  process.early(asked)
  process.limits(asked)
  ctx.env = process.environment(asked, "/")
  local there = tiny.stat(asked.cwd, { root = "/" })
  if not there then tiny.mkdir(asked.cwd, { parents = true, root = "/" }) end
  local _, denied = tiny.try(tiny.chdir, asked.cwd, { root = "/" })
  process.become(asked, not ctx.late_filter and ctx.load_filter or nil)
  -- Only the user may be allowed to search it.
  if denied then tiny.chdir(asked.cwd, { root = "/" }) end
  if not ctx.planned then process.find(asked, ctx.env) end
end

function step.exec(ctx)
  local asked = ctx.config.process
  hooks.run(ctx.config, "startContainer", ctx.starting)
  if ctx.late_filter then ctx.load_filter() end
  process.exec(asked, ctx.env, ctx.keep)
end

-- Waits until `start` connects and says so; returns the connection.
local function wait_for_start(ctx)
  while true do
    local connection = tiny.unix_accept(ctx.listener)
    local _, said = tiny.try(connection.read, connection)
    local word = _ or said
    if word == "start" then return connection end
    connection:close()
  end
end

-- Runs the steps in the first process.
local function inside(ctx)
  ctx.into:close()
  ctx.lock:close()
  guarded(ctx, "namespaces", function()
    if ctx.config.spaces.user then
      tiny.setuser(0, { gid = 0, groups = {}, keep_caps = true })
      tiny.set_caps { effective = tiny.caps().permitted }
      tiny.set_dumpable(true)
      ctx.own_userns = tiny.open_ns "user"
    end
    ctx.in_userns = ctx.in_userns or ctx.config.spaces.user ~= nil
    ctx.has_group = userns.has_group
    if ctx.cgroup_space then tiny.setns(ctx.cgroup_space) end
    tiny.setsid()
    if ctx.config.spaces.network and not ctx.config.spaces.network.path then tiny.try(tiny.link_set, "lo", { up = true }) end
    local text = ctx.sync:read()
    ctx.shown = ctx.planned or text and tiny.json_decode(text)
    if not ctx.shown then tiny.fail("the runtime ended before the container was recorded") end
    container.hook(ctx, "after", "namespaces")
  end)
  for _, name in ipairs { "rootfs", "mounts", "security" } do run_step(ctx, name) end
  ctx.sync:close()
  tiny.set_dumpable(false)
  tiny.notify_ready()
  local connection = wait_for_start(ctx)
  ctx.listener:close()
  ctx.connection = connection
  ctx.starting = {}
  for key, value in pairs(ctx.shown) do ctx.starting[key] = value end
  local _, err = tiny.try(run_step, ctx, "exec")
  -- Nothing reads the error of a process that was ready; `start` does.
  tiny.try(connection.write, connection, "E" .. tostring(err))
  return 1
end

-- The recipe's functions that answer system calls: its filters are loaded last, and the listener goes to whoever starts the program.
local function answered(ctx, profile, caps)
  local notify = require "tiny.pipeline.seccomp_notify"
  if ctx.listener_path then tiny.fail("linux.seccomp.listenerPath: the recipe answers system calls itself, and a process can have one listener") end
  local asked = { seccomp = ctx.spec.seccomp }
  notify.check(asked)
  local how = { caps = caps, no_new_privs = true }
  notify.filters(how, asked, profile, ctx.dir)
  ctx.load_filter = function()
    ctx.connection:write "N"
    if how.filter then tiny.seccomp(how.filter) end
    how.socket = ctx.connection
    notify.hand_over(how)
    ctx.held = how.held
  end
  ctx.late_filter = true
end

-- Compiles the system call filter, and says how it is loaded: ctx.load_filter; late: right before the program.
local function filter_of(ctx)
  local profile = ctx.config.linux.seccomp
  local caps = ctx.config.process and ctx.config.process.capabilities and ctx.config.process.capabilities.bounding or {}
  local plain = profile and {}
  for key, value in pairs(profile or {}) do
    if key ~= "flags" and key ~= "listenerPath" and key ~= "listenerMetadata" then plain[key] = value end
  end
  ctx.listener_path = profile and (profile.listenerPath or "") ~= "" and profile.listenerPath or nil
  if ctx.spec and ctx.spec.seccomp then return answered(ctx, plain, caps) end
  if not profile then return end
  local filter, err = tiny.try(tiny.seccomp_compile, plain, { caps = caps, notify = ctx.listener_path ~= nil })
  if not filter then tiny.fail { message = "linux.seccomp: " .. err.message, hint = err.hint } end
  local options = { flags = profile.flags and #profile.flags > 0 and profile.flags or nil }
  ctx.late_filter = ctx.listener_path ~= nil or ctx.config.process and ctx.config.process.noNewPrivileges
  ctx.load_filter = function()
    if ctx.listener_path then
      ctx.connection:write "L"
      options.send = ctx.connection
    end
    tiny.seccomp(filter, options)
  end
end

-- Loads what is needed inside: the root is the container's there.
local function load(ctx)
  require "tiny.oci.devices"
  require "tiny.oci.cgroup_mount"
  require "tiny.base.sorted_keys"
  require "tiny.oci.mount_options"
  require "tiny.oci.check"
  if ctx.config.linux.memoryPolicy then require "tiny.oci.memory_policy" end
end

local function runtime_hooks(ctx)
  local text, err = tiny.try(ctx.sync_parent.read, ctx.sync_parent)
  -- The first process has failed; waiting for it says why.
  if err or text ~= "hooks" then return end
  hooks.run(ctx.config, "prestart", ctx.shown)
  hooks.run(ctx.config, "createRuntime", ctx.shown)
  ctx.sync_parent:write "go"
end

-- Creates the container that `ctx` describes: id, dir, bundle, config, record, scope, lock, spec (the recipe's closures).
local function make(ctx)
  ctx.in_userns, ctx.steps, ctx.first = userns.inside(), step, true
  ctx.listed = {}
  for kind, list in pairs(ctx.config.hooks or {}) do ctx.listed[kind] = #list > 0 or nil end
  guarded(ctx, "security", function() filter_of(ctx) end)
  load(ctx)
  guarded(ctx, "namespaces", function()
    local space = ctx.config.spaces.user
    if space then
      ctx.userns = space.path and existing(ctx.config, "user", space.path) or userns.of_maps(ctx.config.linux.uidMappings, ctx.config.linux.gidMappings)
    end
  end)
  mounts.prepare(ctx)
  ctx.sync_parent, ctx.sync = tiny.socketpair { type = "seqpacket" }
  ctx.into = ctx.sync_parent
  ctx.listener = tiny.unix_listen(ctx.dir .. "/start", { type = "seqpacket" })
  ctx.inside = function()
    tiny.flock(ctx.dir .. "/waiting")
    return inside(ctx)
  end
  for _, name in ipairs { "cgroup", "network", "namespaces" } do run_step(ctx, name) end
  ctx.sync:close()
  ctx.listener:close()
  local record = ctx.record
  record.pid, record.pid_start = ctx.child.pid, tiny.process_start_time(ctx.child.pid)
  if not ctx.planned then state.save(ctx) end
  ctx.shown = state.shown(ctx, "creating")
  tiny.try(ctx.sync_parent.write, ctx.sync_parent, tiny.json_encode(ctx.shown))
  if ctx.listed.prestart or ctx.listed.createRuntime then runtime_hooks(ctx) end
  ctx.child:wait_ready()
  ctx.sync_parent:close()
end

return { make = make, terminal = terminal, filter_of = filter_of }
