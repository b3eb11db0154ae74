-- Runs a container again from the files of a checkpoint. criu(8) creates its processes and namespaces as they were; the cgroup is made
-- like that of a new container.
local check = require "tiny.oci.check"
local checkpoint = require "tiny.oci.checkpoint"
local container = require "tiny.container"
local criu = require "tiny.oci.criu"
local external = require "tiny.oci.external"
local front = require "tiny.oci.front"
local process = require "tiny.oci.process"
local state = require "tiny.oci.state"

local restore = {}

local NOTHING = {}

-- What criu cannot join, or this runtime cannot give to a restored container.
local JOINED = { ipc = "ipc", uts = "uts" }
local function check_config(config)
  for kind, space in pairs(config.spaces) do
    if space.path and not JOINED[kind] and not external.NAMESPACES[kind] then
      check.wrong("linux.namespaces", ("a container cannot be restored into an existing %s namespace"):format(kind))
    end
  end
  if next(config.linux.netDevices or NOTHING) then
    check.wrong("linux.netDevices", "a restored container cannot be given network devices")
  end
end

-- Adds the namespaces that exist, and their files.
local function add_namespaces(config, asked, files)
  for kind, names in pairs(external.NAMESPACES) do
    local space = config.spaces[kind]
    if space and space.path then
      if not tiny.stat(space.path) then check.wrong("linux.namespaces", space.path .. ": no such file or directory") end
      table.insert(files, space.path)
      table.insert(asked.inherit_fd, { key = names[2], fd = criu.number(#files) })
    end
  end
  for kind, name in pairs(JOINED) do
    local space = config.spaces[kind]
    if space and space.path then table.insert(asked.join_ns, { ns = name, ns_file = space.path }) end
  end
end

-- The caller's streams take the place of the container's.
local function add_streams(images, asked)
  local text = tiny.read_file(images .. "/" .. external.DESCRIPTORS, { max = "64k" })
  if not text then tiny.fail { message = ("%s: there is no checkpoint"):format(images), hint = "--image-path names its directory" } end
  local names = tiny.json_decode(text)
  if type(names) ~= "table" then tiny.fail { message = ("%s/%s: it is damaged"):format(images, external.DESCRIPTORS) } end
  for i = 1, 3 do
    local name = names[i]
    if type(name) == "string" and (name:match "^pipe:" or name:match "^file%[") then
      table.insert(asked.inherit_fd, { key = name, fd = i - 1 })
    end
  end
end

-- Creates the mount points that the root file system lacks: mounted for a moment in a mount namespace of their own, since some are below
-- others. criu fills a tmpfs itself.
local function make_mount_points(ctx)
  local child = tiny.fork(function()
    tiny.unshare { mount = true }
    tiny.mount_propagation("/", "slave")
    local _, root = tiny.mount_bind(ctx.rootfs, ctx.rootfs, { open = true })
    for i, mount in ipairs(ctx.config.mounts) do
      local parsed, above = mount.parsed, false
      for j = 1, i - 1 do
        local other = ctx.config.mounts[j]
        above = above or not other.parsed.bind and mount.target:sub(1, #other.target + 1) == other.target .. "/"
      end
      if above or parsed.remount then goto next end
      local at = ("mounts[%d]: %s"):format(i - 1, mount.destination)
      local source = parsed.bind and (mount.source:sub(1, 1) == "/" and mount.source or ctx.bundle .. "/" .. mount.source)
      if source then check.named(at, tiny.mount_bind, source, mount.target, { root = root, create = true })
      else check.named(at, tiny.mkdir, mount.target, { root = root, parents = true })
      end
      ::next::
    end
  end)
  child:wait()
end

-- Adds the sources of the external mounts.
local function add_mounts(ctx, asked)
  local root <close> = tiny.open_root(ctx.rootfs)
  external.mounts(ctx, root, ctx.cgroup, function(target, source) table.insert(asked.ext_mnt, { key = target, val = source }) end)
end

-- The cgroup that the first process of criu is in, which the container's is made of.
local function add_cgroups(ctx, child, asked)
  if not ctx.cgroup then return end
  for line in (tiny.read_file(("/proc/%d/cgroup"):format(child.pid)) or ""):gmatch "[^\n]+" do
    local controllers, path = line:match "^%d+:([^:]*):(.*)$"
    table.insert(asked.cg_root, { ctrl = controllers, path = path })
  end
end

-- criu wants a root that is a mount point. It is one only for criu and the container.
local function prepare(ctx)
  tiny.unshare { mount = true }
  tiny.mount_propagation("/", "slave")
  tiny.mount_bind(ctx.rootfs, ctx.mounted)
  -- Its processes inherit these.
  if ctx.record.keyring then process.join_keyring(ctx.record.keyring) end
  if (ctx.config.process or NOTHING).noNewPrivileges then tiny.no_new_privs() end
  if ctx.config.linux.memoryPolicy then require("tiny.oci.memory_policy").set(ctx.config.linux.memoryPolicy) end
end

-- What is done at the moments that criu reports.
local MOMENTS = {}

-- The namespaces are there, and nothing runs in them.
MOMENTS["setup-namespaces"] = function(ctx, pid)
  ctx.record.pid, ctx.record.pid_start = pid, tiny.process_start_time(pid)
  state.save(ctx)
  local space = ctx.config.spaces.network
  if space and not space.path then
    local child = tiny.fork(function()
      tiny.setns(tiny.open_ns("net", ("/proc/%d/ns/net"):format(pid)))
      tiny.link_set("lo", { up = true })
    end)
    child:wait()
  end
  local hooks, shown = require "tiny.oci.hooks", state.shown(ctx, "creating")
  hooks.run(ctx.config, "prestart", shown)
  hooks.run(ctx.config, "createRuntime", shown)
end

-- The flags that the configuration gives to mounts, by mount point.
local FLAGS = { read_only = "ro", nosuid = "nosuid", nodev = "nodev", noexec = "noexec", nosymfollow = "nosymfollow" }
local function wanted_flags(config, root)
  local wanted = { ["/"] = config.root.readonly and { read_only = true } or nil }
  for _, path in ipairs(config.linux.maskedPaths or NOTHING) do wanted[path] = { read_only = true } end
  for _, mount in ipairs(config.mounts) do
    local target, flags = external.resolved(root, mount.target), {}
    -- A later mount covers an earlier one, unless it only changes its flags.
    for name, value in pairs(mount.parsed.remount and wanted[target] or NOTHING) do flags[name] = value end
    for name, value in pairs(mount.parsed.attributes) do flags[name] = value or nil end
    wanted[target] = flags
  end
  return wanted
end

-- criu loses flags of the root and of external mounts. Its processes do not run yet.
MOMENTS["post-restore"] = function(ctx, pid)
  local first <close> = tiny.pidfd_open(pid)
  local root <close> = tiny.open_root(("/proc/%d/root"):format(pid))
  local wanted, lost = wanted_flags(ctx.config, root), {}
  for _, mount in ipairs(tiny.mounts(first)) do
    -- The last one of a mount point is on top.
    lost[mount.target] = nil
    for name in pairs(wanted[mount.target] or NOTHING) do
      if FLAGS[name] and not (("," .. mount.options .. ","):find("," .. FLAGS[name] .. ",", 1, true)) then
        lost[mount.target] = lost[mount.target] or {}
        lost[mount.target][name] = true
      end
    end
  end
  if not next(lost) then return end
  local child = tiny.fork(function()
    tiny.setns(tiny.open_ns("mount", first))
    for target, flags in pairs(lost) do tiny.mount_attributes(target, flags) end
  end)
  child:wait()
end

-- Not every version of criu restores this; its processes inherit it (prepare).
MOMENTS["pre-resume"] = function(ctx)
  if not (ctx.config.process or NOTHING).noNewPrivileges then return end
  if (tiny.read_file(("/proc/%d/status"):format(ctx.record.pid)) or ""):find "NoNewPrivs:%s*0" then
    tiny.fail { message = "process.noNewPrivileges: criu has not restored it" }
  end
end

MOMENTS["orphan-pts-master"] = function(ctx, _, master)
  if ctx.console and master then tiny.send_fd(ctx.console, master, { data = "/dev/ptmx" }) end
end

local function step_cgroup(ctx) require("tiny.oci.cgroup").create(ctx) end

-- Creates the processes of the container that `ctx` describes.
local function make(ctx, options, images, work)
  ctx.in_userns, ctx.steps = false, { cgroup = step_cgroup }
  -- For later programs; criu has that of the processes.
  container.guarded(ctx, "security", function()
    require("tiny.oci.filter").compile(ctx)
    if ctx.listens then tiny.fail { message = "a restored container cannot have a process that answers its system calls" } end
  end)
  state.save_config(ctx)
  container.run_step(ctx, "cgroup")
  local files, asked = { images, work }, checkpoint.options(options, ctx.config)
  for _, name in ipairs { "ext_mnt", "inherit_fd", "join_ns", "cg_root" } do asked[name] = {} end
  asked.images_dir_fd, asked.work_dir_fd, asked.log_file = criu.number(1), criu.number(2), "restore.log"
  asked.evasive_devices, asked.rst_sibling, asked.leave_running = true, true, nil
  asked.lsm_profile, asked.lsm_mount_context = options.lsm_profile, options.lsm_mount_context
  add_namespaces(ctx.config, asked, files)
  add_streams(images, asked)
  make_mount_points(ctx)
  add_mounts(ctx, asked)
  ctx.mounted = ctx.dir .. "/root"
  tiny.mkdir(ctx.mounted)
  asked.root = ctx.mounted
  local pid = criu.run("restore", asked, {
    what = ("cannot restore container %s"):format(tiny.show(ctx.id)), log = work .. "/restore.log", files = files,
    clone = { outlives = true, cgroup = ctx.cgroup }, inside = function() prepare(ctx) end,
    started = function(child)
      if ctx.unit then
        ctx.child = child
        require("tiny.oci.cgroup").adopt(ctx)
        ctx.child = nil
      end
      if ctx.config.linux.intelRdt then require("tiny.oci.rdt").apply(ctx, child.pid) end
      add_cgroups(ctx, child, asked)
    end,
    heard = function(moment, first, file)
      if MOMENTS[moment] then MOMENTS[moment](ctx, first, file) end
    end,
  })
  if pid ~= ctx.record.pid then ctx.record.pid, ctx.record.pid_start = pid, tiny.try(tiny.process_start_time, pid) end
end

-- Ends what a failed restore has left.
local function undo(ctx)
  local first <close> = state.process(ctx)
  if first then tiny.try(tiny.kill, first, "SIGKILL") end
  state.remove(ctx)
end

-- The stopped container of that id, which a restore replaces; its bundle is the default.
local function former(id)
  local one = tiny.try(state.find, id)
  if not one then return nil end
  local status = state.status(one)
  if status ~= "stopped" then
    local message = ("cannot restore container %s: it is %s"):format(tiny.show(id), status)
    tiny.fail { message = message, hint = "tinylua-oci delete --force " .. id }
  end
  return one
end

-- Restores a container; returns it, and its first process.
function restore.create(id, options)
  criu.check "restore"
  tiny.set_process_title "tinylua-oci"
  local old = former(id)
  local bundle = front.absolute(options.bundle or old and old.record.bundle or ".")
  local config = require("tiny.oci.config").of_bundle(bundle, options.config, { strict = options.strict })
  local program = require("tiny.oci.program").of(config, bundle, id)
  check_config(config)
  local images, work = checkpoint.folders(options)
  if not tiny.stat(images .. "/inventory.img") then
    tiny.fail { message = ("%s: there is no checkpoint"):format(images), hint = "--image-path names its directory" }
  end
  tiny.mkdir(work, { parents = true, mode = tonumber("700", 8) })
  local console <close> = options.console_socket and tiny.unix_connect(options.console_socket) or nil
  if old then front.delete(id) end
  local ctx = state.create(id)
  ctx.config, ctx.bundle, ctx.console = config, bundle, console
  ctx.name, ctx.spec, ctx.where, ctx.original = id, program.spec, program.where, next(program.spec) and program.original or nil
  ctx.record = front.record(id, bundle, config, program)
  ctx.record.restored, ctx.rootfs = true, ctx.record.rootfs
  local _, err = tiny.try(function()
    state.save(ctx)
    make(ctx, options, images, work)
    ctx.record.creating = nil
    state.save(ctx)
    front.write_pid(options.pid_file, ctx.record.pid)
  end)
  if err then
    local _, more = tiny.try(undo, ctx)
    if more then err.cleanup = { tostring(more) } end
    error(err, 0)
  end
  ctx.lock:close()
  if ctx.record.on_oom then require("tiny.oci.companion").watch_oom(ctx) end
  return ctx
end

-- Restores a container; waits for its end and deletes it, unless `detach`.
function restore.run(id, options)
  local one = restore.create(id, options)
  if options.detach then return 0 end
  local first <close> = tiny.pidfd_open(one.record.pid)
  local status = require("tiny.oci.run").wait(first, tiny.process_exit_status)
  front.delete(id, true)
  return status
end

return restore
