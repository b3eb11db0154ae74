-- Creates the container of a configuration: the pipeline of tiny.container with the steps of an OCI runtime. The first process sets
-- itself up, reports that it is ready, and waits for `start` on a socket; it is then the child of whoever called `create`.
local cgroup = require "tiny.oci.cgroup"
local check = require "tiny.oci.check"
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

function step.network(ctx)
  require("tiny.oci.net_devices")(ctx)
end

-- What tiny.clone is asked for, and the handles to close afterwards.
local function namespaces(ctx)
  local spaces, options, held = ctx.config.spaces, {}, {}
  local function open(kind, path)
    local handle = check.named(("linux.namespaces: %s: %s"):format(kind == "net" and "network" or kind, path), tiny.open_ns, kind, path)
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
  elseif space and ctx.unit then ctx.late_cgroup_space = true
  elseif space then options.cgroup = true end
  return options, held
end

function step.namespaces(ctx)
  local options, held = namespaces(ctx)
  options.oom_score_adj = ctx.config.process and ctx.config.process.oomScoreAdj
  options.outlives = true
  -- From its birth on, no process that shares its pid namespace, as in a pod, may inspect it while it is still ours (CVE-2016-9962).
  tiny.set_dumpable(false)
  local child, err = tiny.try(tiny.clone, options, ctx.inside)
  tiny.set_dumpable(true)
  if err then error(err, 0) end
  ctx.child = child
  for _, handle in ipairs(held) do handle:close() end
  if ctx.unit then cgroup.adopt(ctx) end
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
    if ctx.sync:read() ~= "go" and not ctx.planned then tiny.fail("the runtime ended during its hooks") end
  end
  hooks.run(config, "createContainer", ctx.shown)
  -- While /proc is the host's.
  if config.process then ctx.labels = require("tiny.oci.labels").open(config.process) end
  if config.process and not config.process.terminal then ctx.nulls = process.null_streams() end
  tiny.pivot_root(ctx.root)
  if config.root.readonly then tiny.remount_ro("/") end
  local propagation = config.linux.rootfsPropagation or ""
  if propagation ~= "" then tiny.mount_propagation("/", (propagation:gsub("^r", "")), { recursive = propagation:sub(1, 1) == "r" }) end
end

function step.security(ctx)
  local asked, linux = ctx.config.process, ctx.config.linux
  if not asked then return end
  if asked.terminal then require("tiny.oci.terminal")(ctx, asked) end
  if ctx.nulls then process.reopen_null(ctx.nulls) end
  if linux.personality then tiny.personality { domain = linux.personality.domain } end
  if linux.memoryPolicy then require("tiny.oci.memory_policy").set(linux.memoryPolicy) end
  if ctx.keyring then process.join_keyring(ctx.keyring) end
  process.early(asked)
  process.limits(asked)
  if ctx.labels then ctx.labels() end
  ctx.env = process.environment(asked, "/")
  local there = tiny.stat(asked.cwd, { root = "/" })
  if not there then check.named("process.cwd", tiny.mkdir, asked.cwd, { parents = true, root = "/" }) end
  local _, denied = tiny.try(tiny.chdir, asked.cwd, { root = "/" })
  ctx.connection = ctx.sync
  process.become(asked, not ctx.late_filter and ctx.load_filter or nil, ctx.admin, ctx.givable)
  -- Only the user may be allowed to search it.
  if denied then check.named("process.cwd", tiny.chdir, asked.cwd, { root = "/" }) end
  if not ctx.planned then process.find(asked, ctx.env) end
end

function step.exec(ctx)
  local asked = ctx.config.process
  hooks.run(ctx.config, "startContainer", ctx.starting)
  process.exec(asked, ctx.env, ctx.keep, ctx.late_filter and ctx.load_filter or nil)
end

-- Waits until `start` connects and says so; returns the connection.
local function wait_for_start(ctx)
  while true do
    local connection = tiny.unix_accept(ctx.listener)
    -- One that has gone meanwhile is no error.
    if tiny.try(connection.read, connection) == "start" then return connection end
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
      -- Nobody else is in new user and pid namespaces. In an existing one, others are root too.
      local pid = ctx.config.spaces.pid
      if not ctx.config.spaces.user.path and pid and not pid.path then tiny.set_dumpable(true) end
    end
    ctx.in_userns = ctx.in_userns or ctx.config.spaces.user ~= nil
    ctx.has_group = userns.has_group
    if ctx.cgroup_space then tiny.setns(ctx.cgroup_space) end
    tiny.setsid()
    if ctx.config.spaces.network and not ctx.config.spaces.network.path then tiny.try(tiny.link_set, "lo", { up = true }) end
    local text = ctx.sync:read()
    local pid, group = (text or ""):match "^(%d+) ?(.*)$"
    ctx.record.pid = math.tointeger(tonumber(pid))
    ctx.shown = ctx.planned or text and state.shown(ctx, "creating")
    if not ctx.shown then tiny.fail("the runtime ended before the container was recorded") end
    if ctx.unit and group ~= "" then ctx.cgroup, ctx.record.cgroup = tiny.open_cgroup(group), group end
    if ctx.late_cgroup_space then tiny.unshare { cgroup = true } end
    container.hook(ctx, "after", "namespaces")
  end)
  for _, name in ipairs { "rootfs", "mounts", "security" } do run_step(ctx, name) end
  if not ctx.planned then ctx.sync:write "ready" end
  ctx.sync:close()
  tiny.set_dumpable(false)
  -- For a plan, a process that is ready has ended.
  if not ctx.planned then tiny.notify_ready() end
  local connection = wait_for_start(ctx)
  ctx.listener:close()
  ctx.connection = connection
  ctx.starting = {}
  for key, value in pairs(ctx.shown) do ctx.starting[key] = value end
  ctx.starting.status = "created"
  local _, err = tiny.try(run_step, ctx, "exec")
  -- Nothing reads the error of a process that was ready; `start` does.
  tiny.try(connection.write, connection, "E" .. tostring(err))
  return 1
end

-- Loads what is needed inside: the root is the container's there.
local function load(ctx)
  require "tiny.oci.devices"
  require "tiny.oci.cgroup_mount"
  require "tiny.oci.labels"
  require "tiny.base.sorted_keys"
  require "tiny.oci.mount_options"
  require "tiny.oci.check"
  if ctx.config.process and ctx.config.process.terminal then require "tiny.oci.terminal" end
  if ctx.config.linux.memoryPolicy then require "tiny.oci.memory_policy" end
end

-- The errors of the socket to a first process that has ended.
local ENDED = { EPIPE = true, ECONNRESET = true }

-- Answers what the first process asks for while it sets itself up: the runtime's hooks, and who receives its listener. Returns whether
-- it says that it is ready.
local function converse(ctx)
  while true do
    local said, err = tiny.try(ctx.sync_parent.read, ctx.sync_parent)
    if err and not ENDED[err.code] then error(err, 0) end
    if said == "ready" then return true end
    -- It has failed, which waiting for it explains, or was killed.
    if not said and not ctx.planned then return false end
    if said == "hooks" or ctx.planned then
      hooks.run(ctx.config, "prestart", ctx.shown)
      hooks.run(ctx.config, "createRuntime", ctx.shown)
      if ctx.planned then return true end
      ctx.sync_parent:write "go"
    else
      local _, why = tiny.try(require("tiny.oci.listener").hear, ctx, said, ctx.sync_parent)
      -- A first process that fails says more about it.
      if why then ctx.child:wait_ready("0s") end
      if why then error(why, 0) end
    end
  end
end

-- Creates the container that `ctx` describes: id, dir, bundle, config, record, scope, lock, spec (the recipe's closures).
local function make(ctx)
  ctx.in_userns, ctx.steps, ctx.first = userns.inside(), step, true
  ctx.keyring, ctx.listed = ctx.record.keyring, {}
  for kind, list in pairs(ctx.config.hooks or {}) do ctx.listed[kind] = #list > 0 or nil end
  guarded(ctx, "security", function() require("tiny.oci.filter").compile(ctx) end)
  ctx.record.listens = ctx.listens or nil
  if not ctx.planned then state.save_config(ctx) end
  load(ctx)
  guarded(ctx, "namespaces", function()
    local space = ctx.config.spaces.user
    if space then
      ctx.userns = space.path and check.named("linux.namespaces: user: " .. space.path, tiny.open_ns, "user", space.path)
        or userns.of_maps(ctx.config.linux.uidMappings, ctx.config.linux.gidMappings)
    end
  end)
  guarded(ctx, "mounts", function() mounts.prepare(ctx) end)
  ctx.sync_parent, ctx.sync = tiny.socketpair { type = "seqpacket" }
  ctx.into = ctx.sync_parent
  ctx.listener = tiny.unix_listen(ctx.dir .. "/start", { type = "seqpacket" })
  ctx.inside = function()
    -- Kept: the lock would end with its handle, at some garbage collection.
    ctx.waiting = tiny.flock(ctx.dir .. "/waiting")
    return inside(ctx)
  end
  for _, name in ipairs { "cgroup", "network", "namespaces" } do run_step(ctx, name) end
  ctx.sync:close()
  ctx.listener:close()
  for _, copy in pairs(ctx.copies) do copy:close() end
  local record = ctx.record
  record.pid, record.pid_start = ctx.child.pid, tiny.process_start_time(ctx.child.pid)
  if ctx.config.linux.intelRdt and not ctx.planned then require("tiny.oci.rdt").apply(ctx, record.pid) end
  if not ctx.planned then state.save(ctx) end
  ctx.shown = state.shown(ctx, "creating")
  local _, err = tiny.try(ctx.sync_parent.write, ctx.sync_parent, ("%d %s"):format(record.pid, ctx.unit and record.cgroup or ""))
  if err and not ENDED[err.code] then error(err, 0) end
  local ready = converse(ctx)
  ctx.child:wait_ready()
  ctx.sync_parent:close()
  -- Such as by the OOM killer, or by `delete --force`.
  if not ready then
    local _, signal = ctx.child:wait()
    tiny.fail {
      message = ("container %s: its first process was killed by %s before it was ready"):format(tiny.show(ctx.id), tostring(signal)),
    }
  end
end

return { make = make }
