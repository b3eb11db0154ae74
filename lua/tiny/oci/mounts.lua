-- The root file system and the mounts of a container. Every mount point is resolved below the root by descriptor, before the
-- pivot, so that no link of the image leads out of it (CVE-2019-16884, CVE-2021-30465).
local check = require "tiny.oci.check"
local mount_options = require "tiny.oci.mount_options"
local userns = require "tiny.oci.userns"

local mounts = {}

local NOTHING = {}

-- The file systems that have no device behind them, which a container may mount of its own.
local function clean(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." then return nil end
    if part ~= "." then table.insert(parts, part) end
  end
  return "/" .. table.concat(parts, "/")
end

local function check_paths(list, where)
  for i, path in ipairs(list or NOTHING) do
    if path:sub(1, 1) ~= "/" then
      check.wrong(("linux.%s[%d]"):format(where, i - 1), ("it must be an absolute path, not %s"):format(tiny.show(path)))
    end
  end
end

-- Checks the mounts, and keeps what their options say in the field `parsed`.
function mounts.check(config)
  check_paths(config.linux.maskedPaths, "maskedPaths")
  check_paths(config.linux.readonlyPaths, "readonlyPaths")
  for i, mount in ipairs(config.mounts) do
    local where = ("mounts[%d]"):format(i - 1)
    -- Old configurations have relative destinations, which begin at the root.
    local target = clean(mount.destination)
    if not target then check.wrong(where .. ".destination", ("%s contains .."):format(tiny.show(mount.destination))) end
    if target == "/" then check.wrong(where .. ".destination", "it is the root, which `root` describes") end
    mount.target, mount.parsed = target, mount_options.parse(mount.options, where)
    if mount.type == "bind" or mount.type == "none" then mount.parsed.bind = true end
    local bind = mount.parsed.bind or mount.parsed.remount
    if not bind and (mount.type or "") == "" then check.wrong(where .. ".type", "it is missing") end
    if mount.parsed.bind and not mount.parsed.remount and (mount.source or "") == "" then
      check.wrong(where .. ".source", "a bind mount needs a source")
    end
    local setting = bind and mount.parsed.settings[1]
    if setting then
      local near = tiny.did_you_mean(setting, mount_options.names())
      check.wrong(where .. ".options",
        ("%s is no option of a %s"):format(tiny.show(setting), mount.parsed.remount and "remount" or "bind mount"),
        near and ("did you mean %s?"):format(near))
    end
    local mapped = #(mount.uidMappings or NOTHING) > 0
    if mapped ~= (#(mount.gidMappings or NOTHING) > 0) then
      check.wrong(where, "an idmapped mount needs both uidMappings and gidMappings")
    end
    userns.check_maps(mount.uidMappings, where .. ".uidMappings")
    userns.check_maps(mount.gidMappings, where .. ".gidMappings")
    if mount.parsed.idmap and not mapped and not config.spaces.user then
      check.wrong(where .. ".options", "idmap needs uidMappings and gidMappings, or a user namespace of the container")
    end
    if (mapped or mount.parsed.idmap) and not mount.parsed.bind then check.wrong(where, "only a bind mount can be idmapped") end
  end
end

-- Absolute path of a bind mount's source; a relative one begins at the bundle.
local function source_of(ctx, mount)
  return mount.source:sub(1, 1) == "/" and mount.source or ctx.bundle .. "/" .. mount.source
end

local function attributes_of(parsed)
  local found = {}
  for name, value in pairs(parsed.attributes) do found[name] = value or nil end
  return found
end

-- Sets and clears the flags of a mount, not of those below it. A user namespace may not clear what a more privileged one has
-- locked: that stays.
local function set_attributes(ctx, made, attributes)
  if not next(attributes) then return end
  local options, only_set = { root = made }, { root = made }
  for name, value in pairs(attributes) do options[name], only_set[name] = value, value or nil end
  local _, err = tiny.try(tiny.mount_attributes, ".", options)
  if err and not (err.code == "EPERM" and ctx.in_userns) then error(err, 0) end
  if err and next(only_set, "root") then tiny.mount_attributes(".", only_set) end
end

local function bind(ctx, mount)
  local parsed, copy = mount.parsed, ctx.copies[mount]
  local options, made = { root = ctx.root, create = true, open = true }, nil
  if copy then
    made = select(2, tiny.mount_attach(copy, mount.target, options))
    copy:close()
  else
    options.recursive = parsed.rbind == true
    made = select(2, tiny.mount_bind(source_of(ctx, mount), mount.target, options))
  end
  set_attributes(ctx, made, parsed.attributes)
  return made
end

-- Changes the flags of a mount that is there already (MS_REMOUNT).
local function remount(ctx, mount)
  local made = tiny.open_root(mount.target, { root = ctx.root })
  set_attributes(ctx, made, mount.parsed.attributes)
  return made
end

local TYPES = {}

-- /proc and /sys must not be elsewhere by a link of the image (CVE-2019-19921): what is masked below them would not be theirs.
local function real_folder(ctx, mount)
  local there = tiny.stat(mount.target, { root = ctx.root, follow = false })
  if there and there.kind ~= "dir" then
    tiny.fail { message = ("it is a %s in the root file system, and must be a directory"):format(there.kind) }
  end
end

-- File systems whose files the security module labels itself.
local OWN_LABELS = { proc = true, sysfs = true, mqueue = true, cgroup = true, cgroup2 = true }

local function filesystem(ctx, mount, settings)
  local label = ctx.config.linux.mountLabel or ""
  settings = settings or mount.parsed.settings
  if label ~= "" and not OWN_LABELS[mount.type] then
    settings = table.move(settings, 1, #settings, 1, {})
    table.insert(settings, "context=" .. label)
  end
  local options = attributes_of(mount.parsed)
  options.type, options.source, options.settings = mount.type, mount.source ~= "" and mount.source or nil, settings
  options.root, options.create, options.open = ctx.root, true, true
  local _, made = tiny.mount_filesystem(mount.target, options)
  return made
end

function TYPES.proc(ctx, mount)
  real_folder(ctx, mount)
  local made = filesystem(ctx, mount)
  ctx.proc = ctx.proc or mount.target == "/proc" and made or nil
  return made
end

function TYPES.sysfs(ctx, mount)
  real_folder(ctx, mount)
  local plain, made = tiny.try(filesystem, ctx, mount)
  -- A user namespace that does not own the network namespace may not mount sysfs; the host's shows the same.
  if not plain then
    if not (ctx.in_userns and made.code == "EPERM") then error(made, 0) end
    local options = attributes_of(mount.parsed)
    options.root, options.create, options.open = ctx.root, true, true
    made = select(2, tiny.mount_bind("/sys", mount.target, options))
  else
    made = plain
  end
  ctx.sys = ctx.sys or mount.target == "/sys" and made or nil
  return made
end

function TYPES.tmpfs(ctx, mount)
  local before = mount.parsed.tmpcopyup and tiny.try(tiny.open_root, mount.target, { root = ctx.root }) or nil
  local settings = mount.parsed.settings
  -- As in runc, a tmpfs has the mode of the directory that it covers.
  local has_mode = false
  for _, setting in ipairs(settings) do has_mode = has_mode or setting:match("^mode=") ~= nil end
  if not has_mode then
    local there = tiny.stat(mount.target, { root = ctx.root })
    local mode = there and there.kind == "dir" and ("mode=%o"):format(there.mode & tonumber("7777", 8)) or nil
    settings = table.move(settings, 1, #settings, 1, {})
    table.insert(settings, mode)
  end
  if not before then return filesystem(ctx, mount, settings) end
  -- Filled while it is writable.
  local read_only = mount.parsed.attributes.read_only
  mount.parsed.attributes.read_only = nil
  local made = filesystem(ctx, mount, settings)
  tiny.copy_tree(".", ".", { from_root = before, to_root = made, archive = true })
  before:close()
  if read_only then tiny.mount_attributes(".", { root = made, read_only = true }) end
  return made
end

function TYPES.devpts(ctx, mount)
  local settings = {}
  for _, setting in ipairs(mount.parsed.settings) do
    local gid = tonumber(setting:match("^gid=(%d+)$"))
    -- A group that is not in the user namespace cannot own a terminal.
    if not (gid and ctx.in_userns and not ctx.has_group(gid)) then table.insert(settings, setting) end
  end
  return filesystem(ctx, mount, settings)
end

function TYPES.cgroup(ctx, mount)
  return require("tiny.oci.cgroup_mount")(ctx, mount, attributes_of(mount.parsed))
end
TYPES.cgroup2 = TYPES.cgroup

local function mount_one(ctx, mount)
  local parsed = mount.parsed
  local make = parsed.remount and remount or parsed.bind and bind or TYPES[mount.type] or filesystem
  local made = make(ctx, mount)
  -- A bind mount of /dev has the nodes of the host, which stay as they are.
  if mount.target == "/dev" and not parsed.remount then ctx.dev, ctx.foreign_dev = not parsed.bind and made or nil, parsed.bind or nil end
  if made and next(parsed.recursive) then
    local options = { root = made, recursive = true }
    for name, value in pairs(parsed.recursive) do options[name] = value end
    tiny.mount_attributes(".", options)
  end
  if made and parsed.propagation then
    tiny.mount_attributes(".", { root = made, propagation = parsed.propagation.kind, recursive = parsed.propagation.recursive })
  end
end

-- Copies the mount of a bind mount's source, as the caller of the runtime reaches it.
local function copy(ctx, mount, shared)
  local parsed, maps = mount.parsed, mount.uidMappings
  local mapped <close> = maps and #maps > 0 and userns.of_maps(maps, mount.gidMappings) or nil
  local made, err = tiny.try(tiny.mount_copy, source_of(ctx, mount), {
    recursive = parsed.rbind == true, slave = not shared, idmap = mapped or parsed.idmap and ctx.userns or nil,
    idmap_recursive = parsed.idmap == "recursive",
  })
  -- A user without privileges cannot copy a mount here; the container's user namespace then makes the mount.
  if err and not (err.code == "EPERM" and not mapped and not parsed.idmap) then error(err, 0) end
  return made
end

-- Prepares bind mounts on the host: a user namespace cannot map owners of the host's mounts, and may be unable to search the
-- directory of a source; a mount that is to share what is mounted in it with the host must be of the host's peer group.
function mounts.prepare(ctx)
  ctx.copies = {}
  local config = ctx.config
  local shares = (config.linux.rootfsPropagation or ""):match "shared" ~= nil and not config.spaces.user
  for i, mount in ipairs(config.mounts) do
    local parsed = mount.parsed
    if parsed.bind and not parsed.remount then
      local at = ("mounts[%d]: %s"):format(i - 1, mount.destination)
      local shared = shares and parsed.propagation and parsed.propagation.kind == "shared"
      if not tiny.stat(source_of(ctx, mount)) then
        tiny.fail { message = ("%s: the source %s: no such file or directory"):format(at, source_of(ctx, mount)), code = "ENOENT" }
      end
      local mapped = #(mount.uidMappings or NOTHING) > 0 or parsed.idmap
      if config.spaces.user or mapped or shared then ctx.copies[mount] = check.named(at, copy, ctx, mount, shared) end
    end
  end
end

-- Mounts the root file system; returns it as a directory handle.
function mounts.root(ctx)
  local config = ctx.config
  local propagation = config.linux.rootfsPropagation or ""
  tiny.mount_propagation("/", propagation:match "private" and "private" or "slave")
  local path = config.root.path:sub(1, 1) == "/" and config.root.path or ctx.bundle .. "/" .. config.root.path
  local there, err = tiny.try(tiny.stat, path)
  if err then tiny.fail { message = "root.path: " .. err.message } end
  if not there then tiny.fail { message = ("root.path: %s: no such file or directory"):format(path) } end
  if there.kind ~= "dir" then tiny.fail { message = ("root.path: %s is a %s, not a directory"):format(path, there.kind) } end
  local _, root = tiny.mount_bind(path, path, { open = true })
  -- A slave of the host's mount stays one; what is shared later, with the mounts of the container, stays a slave too.
  if not (propagation:match "shared" or propagation:match "slave") then
    tiny.mount_attributes(".", { root = root, propagation = "private", recursive = false })
  end
  return root
end

function mounts.all(ctx)
  for i, mount in ipairs(ctx.config.mounts) do
    check.named(("mounts[%d]: %s"):format(i - 1, mount.destination), mount_one, ctx, mount)
  end
end

local LINKS = { fd = "/proc/self/fd", stdin = "/proc/self/fd/0", stdout = "/proc/self/fd/1", stderr = "/proc/self/fd/2" }

-- The links of /dev that the specification asks for (config-linux.md, "Default Devices"), if /dev is the container's own.
function mounts.links(ctx)
  if not ctx.dev then return end
  for _, name in ipairs(require "tiny.base.sorted_keys"(LINKS)) do
    if not tiny.stat(name, { root = ctx.dev, follow = false }) then tiny.symlink(LINKS[name], name, { root = ctx.dev }) end
  end
  if tiny.stat("pts/ptmx", { root = ctx.dev }) then
    if tiny.stat("ptmx", { root = ctx.dev, follow = false }) then tiny.remove("ptmx", { root = ctx.dev }) end
    tiny.symlink("pts/ptmx", "ptmx", { root = ctx.dev })
  end
end

-- The directory handle and the path below it of an absolute path: what is below /proc, /sys and /dev is reached through their own
-- mounts, whatever a link says.
local function below(ctx, path)
  for name, handle in pairs { ["/proc/"] = ctx.proc, ["/sys/"] = ctx.sys } do
    if path:sub(1, #name) == name then return handle, path:sub(#name + 1) end
  end
  return ctx.root, path
end

-- Masks and read-only paths (linux.maskedPaths, linux.readonlyPaths).
function mounts.restrict(ctx)
  local linux = ctx.config.linux
  for _, path in ipairs(linux.readonlyPaths or NOTHING) do
    local root, name = below(ctx, path)
    if tiny.stat(name, { root = root }) then
      tiny.mount_bind(name, name, { source_root = root, root = root, read_only = true })
    end
  end
  local empty
  for _, path in ipairs(linux.maskedPaths or NOTHING) do
    local root, name = below(ctx, path)
    local there = tiny.stat(name, { root = root })
    if there and there.kind ~= "dir" then
      -- The host's null device: what the container has under that name may be another file (CVE-2025-31133).
      tiny.mount_bind("/dev/null", name, { root = root, read_only = true })
    elseif there and empty then
      tiny.mount_bind(".", name, { source_root = empty, root = root, recursive = false })
    elseif there then
      local options = { root = root, read_only = true, nosuid = true, nodev = true, noexec = true, size = "4k", open = true }
      empty = select(2, tiny.mount_tmpfs(name, options))
    end
  end
end

return mounts
