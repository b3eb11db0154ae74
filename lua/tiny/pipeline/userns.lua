-- The user namespace of a container. Root's containers use the host's unless --userns is given; an unprivileged user's are
-- always in one whose root is that user. There are two ways to enter. Root creates a container with the host's privileges
-- and joins last, so that no process inside has privileges over its mounts. An unprivileged user has no privileges outside,
-- and joins first.
local values = require "tiny.spec.values"
local rootless = require "tiny.base.rootless"
local state = require "tiny.store.state"

local userns = {}

local COUNT = 65536
-- Automatic ranges begin above those that useradd assigns to users (SUB_UID_MAX of login.defs, 600100000).
local FIRST = 0x24000000
local LAST = 0xfffe0000
local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)

local function wrong(text, what, hint)
  values.wrong(("userns: %s: %s"):format(tiny.show(text), what), hint)
end

local FORM = "host, auto, or UID:GID:COUNT: the first ids on the host and their number, such as 100000:100000:65536"

local function explicit(text)
  local fields = { text:match("^(%d+):(%d+):(%d+)$") }
  for i, field in ipairs(fields) do fields[i] = math.tointeger(tonumber(field)) end
  if not fields[3] then wrong(text, "neither a keyword nor a map", FORM) end
  local uid, gid, count = table.unpack(fields)
  if count < 1 or uid + count > LAST or gid + count > LAST then wrong(text, ("the ids must be between 1 and %d"):format(LAST), FORM) end
  if uid == 0 or gid == 0 then wrong(text, "the host's root would be the container's root", "use --userns host for that") end
  return uid, gid, count
end

-- Converts it to its final form: nil for the host's, "own" for an unprivileged user's, otherwise root's form.
function userns.check(asked)
  local text = asked.userns
  if rootless.is() then
    if text and text ~= "auto" and text ~= "own" then
      wrong(text, "a rootless container always has a user namespace whose root is your user", "omit the option, or run as root of the host")
    end
    asked.userns = "own"
    return
  end
  if text == "own" then wrong(text, "only an unprivileged user can use this", FORM) end
  if text == "host" then asked.userns = nil elseif text ~= "auto" then explicit(text) end
end

-- Takes a range of ids that no user and no other container uses; it is recorded until the container ends.
local function take(ctx)
  local folder = state.roots() .. "/userids"
  tiny.mkdir(folder, { parents = true, mode = PRIVATE })
  local lock <close> = state.lock(folder .. "/lock")
  local first, taken, ids = FIRST, {}, tiny.subids()
  for _, ranges in pairs(ids) do
    for _, range in ipairs(ranges) do first = math.max(first, range[1] + range[2]) end
  end
  first = (first + COUNT - 1) // COUNT * COUNT
  for _, name in ipairs(tiny.list_dir(folder)) do taken[tonumber(name:match("^(%d+)@")) or 0] = true end
  while taken[first] do first = first + COUNT end
  if first + COUNT > LAST then values.wrong("userns: auto: all ranges of ids are in use", "`tinylua gc` releases those of dead containers") end
  -- The name contains the container's id, so that releasing a range after a crash does not affect its next holder.
  local path = ("%s/%d@%s"):format(folder, first, ctx.id)
  ctx.scope:undo("remove", path)
  tiny.write_file(path, "", { mode = PRIVATE_FILE })
  return first
end

local function maps_of(ctx)
  local asked = ctx.spec.userns
  if asked == "own" then return rootless.own_maps() end
  local uid, gid, count
  if asked == "auto" then
    uid = take(ctx)
    gid, count = uid, COUNT
  else
    uid, gid, count = explicit(asked)
  end
  return { uid_map = { { 0, uid, count } }, gid_map = { { 0, gid, count } } }
end

-- The outside ids of the namespace's root, from the maps.
local function root_of(maps)
  local found = {}
  for key, map in pairs { uid = maps.uid_map, gid = maps.gid_map } do
    for _, entry in ipairs(map) do
      if entry[1] == 0 then found[key] = entry[2] end
    end
  end
  return found
end

-- Loads modules that are needed inside, where the owner of a module's file cannot be checked.
local function load(asked)
  local view = not asked.rootfs and not asked.from_image
  local needed = {
    rootfs = true, mounts = true, masked_paths = not asked.privileged, rootless_view = view, host_view = view, view_layers = view,
    volumes = asked.mounts, users = asked.user or asked.group_add, devices = asked.devices or asked.privileged, terminal = asked.tty,
    security_options = asked.sysctls,
  }
  for name, wanted in pairs(needed) do
    if wanted then require("tiny.pipeline." .. name) end
  end
  for _, mount in ipairs(asked.mounts or {}) do
    if mount.type == "volume" then require "tiny.pipeline.first_content" end
    if mount.type == "cow" then require "tiny.cow.folders" end
  end
  require "tiny.net.files"
  if asked.from_image then require "tiny.images.layers" end
end

-- Before the container is created: opens its namespace as ctx.userns. Sharing another's network shares its user namespace.
function userns.open(ctx)
  ctx.rootless = rootless.is()
  if ctx.rootless then load(ctx.spec) end
  local other = ctx.rootless and (ctx.spec.network or ""):match("^container:(.*)$")
  local running <close> = other and state.process(state.ready(require("tiny.store.records").find(other))) or nil
  if running then
    ctx.userns, ctx.maps = userns.of(running)
    ctx.scope:add(ctx.userns)
  else
    ctx.maps = maps_of(ctx)
    local router = ctx.rootless and ctx.spec.egress and require "tiny.egress.router"
    ctx.userns = ctx.scope:add(router and router.serves(ctx.spec) and router.userns(ctx, ctx.maps) or tiny.userns(ctx.maps))
  end
  ctx.owner = root_of(ctx.maps)
end

-- Whether a group is mapped in the container's namespace; in the host's, all are.
function userns.has_group(ctx, gid)
  if not ctx.maps then return true end
  for _, entry in ipairs(ctx.maps.gid_map) do
    if gid >= entry[1] and gid < entry[1] + entry[3] then return true end
  end
  return false
end

local function read_map(pid, name)
  local map = {}
  for inside, outside, count in (tiny.read_file(("/proc/%d/%s"):format(pid, name)) or ""):gmatch("(%d+) +(%d+) +(%d+)") do
    table.insert(map, { math.tointeger(tonumber(inside)), math.tointeger(tonumber(outside)), math.tointeger(tonumber(count)) })
  end
  return map
end

-- The process of the container whose namespaces its user may open. With an init, PID 1 has never executed a program, so an
-- unprivileged user cannot inspect it; its first child is used instead.
function userns.shown(process, config)
  if config.userns ~= "own" or not config.init then return process end
  local pid = math.tointeger(tonumber((tiny.read_file(("/proc/%d/task/%d/children"):format(process.pid, process.pid)) or ""):match("^%d+")))
  local child = pid and tiny.pidfd_open(pid)
  local parent = child and tonumber(require "tiny.base.process_status"(tiny.read_file(("/proc/%d/status"):format(pid))).PPid)
  if parent ~= process.pid then
    tiny.fail { message = "the container's program has exited or is exiting", hint = "without --init, a container can be entered as long as it runs" }
  end
  return child
end

-- The user namespace of a running container's process, and its maps. Opening it verifies the pid.
function userns.of(process)
  local maps = { uid_map = read_map(process.pid, "uid_map"), gid_map = read_map(process.pid, "gid_map") }
  return tiny.open_ns("user", process), maps
end

-- In a process with the host's privileges: from here on, files that it creates belong to the container's root. owner:
-- { uid, gid } outside.
function userns.own(owner)
  tiny.setuser(owner.uid, { gid = owner.gid, groups = {}, keep_caps = true })
  tiny.set_caps { effective = tiny.caps().permitted }
end

-- In the container, before its mounts.
function userns.enter(ctx)
  -- The namespace is new and has no other process; this process must own its files in /proc.
  if ctx.rootless then return tiny.set_dumpable(true) end
  userns.own(ctx.owner)
end

-- In the container, after everything that needs the host's privileges.
function userns.join(ctx)
  if not ctx.rootless then tiny.setns(ctx.userns) end
end

userns.root_of = root_of

return userns
