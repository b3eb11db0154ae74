-- Saves a running container to files (checkpoint), with criu(8).
local criu = require "tiny.oci.criu"
local external = require "tiny.oci.external"
local state = require "tiny.oci.state"

local checkpoint = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)

local NOTHING = {}

-- The options that criu has under the same name.
local PASSED = { "leave_running", "tcp_established", "ext_unix_sk", "shell_job", "file_locks", "auto_dedup" }

local function absolute(path) return path:sub(1, 1) == "/" and path or tiny.readlink "/proc/self/cwd" .. "/" .. path end

-- The directories of --image-path and --work-path, absolute.
function checkpoint.folders(options)
  local images = absolute(options.image_path or "checkpoint")
  return images, options.work_path and absolute(options.work_path) or images
end

local function word(options, name, known)
  local value = options[name]
  if not value then return nil end
  local option = "--" .. name:gsub("_", "-")
  require("tiny.oci.check").one_of(value, require "tiny.base.sorted_keys"(known), option)
  return known[value]
end

-- The options of criu that checkpoint and restore share.
function checkpoint.options(options, config)
  local mode = word(options, "manage_cgroups_mode", criu.CGROUP_MODES)
  for i, name in ipairs(options.empty_ns or NOTHING) do
    if name ~= "network" then require("tiny.oci.check").one_of(name, { "network" }, ("--empty-ns[%d]"):format(i - 1)) end
  end
  local asked = { orphan_pts_master = true, manage_cgroups = true, manage_cgroups_mode = mode or criu.CGROUP_MODES.soft }
  for _, name in ipairs(PASSED) do asked[name] = options[name] or nil end
  -- Its devices belong to the engine, which sets them up again.
  local space = config.spaces.network
  if space and not space.path then asked.empty_ns = criu.NETWORK end
  asked.network_lock = word(options, "network_lock", criu.NETWORK_LOCKS)
  return asked
end

local function page_server(text)
  if not text then return nil end
  local address, port = text:match "^(.+):(%d+)$"
  if not address then
    tiny.fail { message = ("--page-server: %s is not ADDRESS:PORT"):format(tiny.show(text)), exit = 2 }
  end
  return { address = address:match "^%[(.*)%]$" or address, port = math.tointeger(tonumber(port)) }
end

-- The image of an earlier --pre-dump, relative to this one.
local function check_parent(path, images)
  if not path then return end
  if path:sub(1, 1) == "/" then tiny.fail { message = "--parent-path: it must be relative to --image-path", exit = 2 } end
  local there = tiny.stat(images .. "/" .. path)
  if not there or there.kind ~= "dir" then tiny.fail { message = ("--parent-path: %s/%s is not a directory"):format(images, path) } end
end

-- The standard streams of a process as criu names them: "pipe:[7]", or for a file of the host, which is not among its mounts,
-- "file[MOUNT:INODE]", which is added to the options. The same stream is given to the restored process.
local function descriptors(process, asked)
  local names, mounted = {}, {}
  for _, mount in ipairs(tiny.mounts(process)) do mounted[mount.id] = true end
  for number = 0, 2 do
    local path = ("/proc/%d/fd/%d"):format(process.pid, number)
    local name = tiny.try(tiny.readlink, path) or ""
    local info = tiny.try(tiny.read_file, ("/proc/%d/fdinfo/%d"):format(process.pid, number)) or ""
    local mount, there = math.tointeger(tonumber(info:match "mnt_id:%s*(%d+)")), tiny.stat(path)
    if mount and there and there.kind == "file" and not mounted[mount] then
      name = ("file[%x:%x]"):format(mount, there.ino)
      table.insert(asked.external, name)
    end
    names[number + 1] = name
  end
  return names
end

-- Adds what of the container belongs to the host.
local function add_external(ctx, process, asked)
  local config, root = ctx.config, tiny.open_root(("/proc/%d/root"):format(process.pid))
  asked.ext_mnt, asked.external = {}, {}
  external.mounts(ctx, root, ctx.group, function(target) table.insert(asked.ext_mnt, { key = target, val = target }) end)
  for _, path in ipairs(config.linux.maskedPaths or NOTHING) do
    local there = tiny.stat(path, { root = root })
    if there and there.kind ~= "dir" then table.insert(asked.ext_mnt, { key = path, val = "/dev/null" }) end
  end
  for kind, names in pairs(external.NAMESPACES) do
    local space = config.spaces[kind]
    if space and space.path then
      local inode = tiny.readlink(("/proc/%d/ns/%s"):format(process.pid, names[1])):match "%d+"
      table.insert(asked.external, ("%s[%s]:%s"):format(names[1], inode, names[2]))
    end
  end
end

-- What remains frozen when criu fails or is killed.
local function thaw(group, status)
  if group and status == "running" then tiny.try(tiny.cgroup_thaw, group) end
end

-- Saves the container's processes. Unless they are to go on running, it is stopped then.
function checkpoint.run(id, options)
  criu.check "checkpoint"
  local one = state.find(id, { lock = true })
  local status = state.status(one)
  if status ~= "running" and status ~= "paused" then
    tiny.fail { message = ("cannot checkpoint container %s: it is %s"):format(tiny.show(id), status) }
  end
  local config, group = state.config(one), require("tiny.oci.cgroup").of(one)
  -- Nobody would answer them any more.
  if one.record.listens then
    local what = "cannot checkpoint container %s: another process answers its system calls (SCMP_ACT_NOTIFY)"
    tiny.fail { message = what:format(tiny.show(id)) }
  end
  local images, work = checkpoint.folders(options)
  local asked = checkpoint.options(options, config)
  asked.ps = page_server(options.page_server)
  for _, folder in ipairs { images, work } do tiny.mkdir(folder, { parents = true, mode = PRIVATE }) end
  check_parent(options.parent_path, images)
  asked.parent_img, asked.track_mem = options.parent_path, options.parent_path ~= nil or options.pre_dump or nil
  local process <close> = state.process(one)
  if not process then tiny.fail { message = ("container %s has just ended"):format(tiny.show(id)) } end
  asked.pid, asked.root = process.pid, one.record.rootfs
  local folders = group and group.folders or NOTHING
  asked.freeze_cgroup = folders.freezer or folders.unified
  local ctx = { config = config, bundle = one.record.bundle, group = group }
  if not options.pre_dump then
    add_external(ctx, process, asked)
    tiny.write_file(images .. "/" .. external.DESCRIPTORS, tiny.json_encode(descriptors(process, asked)), { mode = PRIVATE_FILE })
  end
  asked.images_dir_fd, asked.work_dir_fd, asked.log_file = criu.number(1), criu.number(2), "dump.log"
  local _, err = tiny.try(criu.run, options.pre_dump and "pre_dump" or "dump", asked, {
    what = ("cannot checkpoint container %s"):format(tiny.show(id)), log = work .. "/dump.log", files = { images, work },
    heard = function() end,
  })
  if err then
    thaw(group, status)
    error(err, 0)
  end
  -- The kernel may take a moment to end them.
  if not (options.leave_running or options.pre_dump) then tiny.poll({ process }, "10s") end
end

return checkpoint
