-- The state of the containers below --root: a directory for each, with its record and what undoes its set-up.
--   state.json    the record (runtime.md, "State", and what later commands need)
--   config.json   the checked configuration, since the bundle may change or vanish
--   filter        the compiled system call filter
--   original.json  the configuration before a recipe changed it, if later commands call the recipe's functions
--   undo.jsonl    how to undo what was set up
--   start         the socket on which the first process waits for `start`
--   waiting       locked by the first process while it waits
--   lock          locked by a command that changes the container
local scope = require "tiny.scope"

local state = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)

-- The directory of all containers.
function state.root()
  if tiny.settings.root then return tiny.settings.root end
  local own = os.getenv "XDG_RUNTIME_DIR" or ""
  -- podman as an ordinary user calls us as root of a user namespace.
  if own ~= "" and (tiny.getuid() ~= 0 or require("tiny.oci.userns").inside()) then return own .. "/tinylua-oci" end
  return "/run/tinylua-oci"
end

local function check_id(id)
  if not id:match("^[%w_+.-]+$") or id == "." or id == ".." or #id > 1024 then
    tiny.fail { message = ("invalid container ID %s"):format(tiny.show(id)), hint = "letters, digits and _ + - . are allowed" }
  end
end

local function files(id, root)
  local dir = (root or state.root()) .. "/" .. id
  return { id = id, dir = dir, scope = scope.new(dir .. "/undo.jsonl") }
end

local function gone(id)
  tiny.fail { message = ("container %s does not exist"):format(tiny.show(id)), code = "ENOENT" }
end

-- Takes the lock of a container's directory; nil if the directory is gone. While this waited, the directory may have been replaced by
-- that of a new container: its lock is another file then, which a second descriptor can lock.
local function lock(dir, patience)
  local held, err
  local limit = patience and tiny.clock "monotonic" + patience
  repeat
    held, err = tiny.try(tiny.flock, dir .. "/lock", limit and { wait = false } or {})
    if limit and not held and not err then tiny.poll({}, "20ms") end
  until held or err or tiny.clock "monotonic" > limit
  if not held then return nil, err or { code = "EAGAIN" } end
  local other, missing = tiny.try(tiny.flock, dir .. "/lock", { wait = false })
  if not other and not missing then return held end
  if other then other:close() end
  held:close()
  return nil, missing
end

-- Creates the directory of a new container, locked.
function state.create(id)
  check_id(id)
  tiny.mkdir(state.root(), { parents = true, mode = PRIVATE })
  local one = files(id)
  local _, err = tiny.try(tiny.mkdir, one.dir, { mode = PRIVATE })
  if err and err.code == "EEXIST" then
    tiny.fail { message = ("container %s already exists"):format(tiny.show(id)), hint = "tinylua-oci delete " .. id, code = "EEXIST" }
  end
  if err then error(err, 0) end
  local held, why = lock(one.dir)
  if not held then
    if why then tiny.try(tiny.remove, one.dir, { recursive = true }) end
    tiny.fail { message = ("container %s: %s"):format(tiny.show(id), why and why.message or "it was deleted while it was created") }
  end
  one.lock = held
  return one
end

local function write(one, name, value)
  tiny.write_file(("%s/%s"):format(one.dir, name), tiny.json_encode(value), { mode = PRIVATE_FILE })
end

function state.save(one) write(one, "state.json", one.record) end

-- Writes what later commands need of the configuration. The list of system calls is by far the longest part of it, and compiled
-- already; only a recipe wants to see it again.
function state.save_config(one)
  local config, record = one.config, one.record
  if one.original then tiny.write_file(one.dir .. "/original.json", one.original, { mode = PRIVATE_FILE }) end
  if one.filter and not record.programmed then
    tiny.write_file(one.dir .. "/filter", one.filter, { mode = PRIVATE_FILE })
    record.filter = true
    local linux, seccomp = {}, {}
    for key, value in pairs(config.linux.seccomp) do seccomp[key] = key ~= "syscalls" and value or nil end
    for key, value in pairs(config.linux) do linux[key] = value end
    linux.seccomp = seccomp
    config = { linux = linux }
    for key, value in pairs(one.config) do config[key] = config[key] or value end
  end
  write(one, "config.json", config)
end

local function read(one, name)
  local text = tiny.try(tiny.read_file, ("%s/%s"):format(one.dir, name), { max = "64m" })
  return text and tiny.json_decode(text)
end

-- The configuration with which a container was created.
function state.config(one)
  local config = read(one, "config.json")
  local sound = type(config) == "table" and type(config.spaces) == "table" and type(config.linux) == "table"
    and type(config.mounts) == "table"
  if not sound then
    tiny.fail {
      message = ("container %s: its configuration is damaged"):format(tiny.show(one.id)),
      hint = "tinylua-oci delete --force " .. one.id,
    }
  end
  return config
end

-- What each field of a record is, if it is there.
local SHAPE = {
  id = "string", bundle = "string", ociVersion = "string", pid = "integer", pid_start = "integer", cgroup = "string", annotations = "table",
  created = "string", rootfs = "string", owner = "string", unit = "table", rdt = "table",
}

local function is_sound(record, id)
  if type(record) ~= "table" or record.id ~= id or not record.bundle then return false end
  for name, kind in pairs(SHAPE) do
    local value = record[name]
    if value ~= nil and type(value) ~= kind and math.type(value) ~= kind then return false end
  end
  return true
end

-- What can still be told of a container whose record is damaged: its cgroup is in the journal too.
local function salvaged(one)
  local record = { id = one.id, bundle = "" }
  for _, call in ipairs(one.scope:load().calls) do
    if call[1] == "cgroup_del" and type(call[2]) == "string" then record.cgroup = call[2] end
  end
  return record
end

-- The seconds that an interrupted command has to end.
local PATIENCE = 30

-- A command that works on the container, such as a create whose hook never ends, is interrupted: its first process is killed.
local function interrupted(one)
  local held, why = lock(one.dir, 0)
  if held or why and why.code ~= "EAGAIN" then return held, why end
  local process <close> = state.process { record = read(one, "state.json") or {} }
  if process then tiny.try(tiny.kill, process, "SIGKILL") end
  held, why = lock(one.dir, PATIENCE)
  if why and why.code == "EAGAIN" then
    tiny.fail { message = ("container %s: another command has been working on it for %d s"):format(tiny.show(one.id), PATIENCE) }
  end
  return held, why
end

-- Finds a container. options.lock: for a command that changes it; options.interrupt: even while another one does.
function state.find(id, options)
  check_id(id)
  local one = files(id, options and options.root)
  if not tiny.stat(one.dir) then gone(id) end
  if options and options.lock then
    local held, why
    if options.interrupt then held, why = interrupted(one) else held, why = lock(one.dir) end
    if not held and why and why.code ~= "ENOENT" then error(why, 0) end
    one.lock = held or gone(id)
  end
  local record = read(one, "state.json")
  one.damaged = not is_sound(record, id) or nil
  one.record = one.damaged and salvaged(one) or record
  return one
end

-- The first process as a handle; nil if it has ended.
function state.process(one)
  local record = one.record
  if math.type(record.pid) ~= "integer" or record.pid < 1 then return nil end
  local process = tiny.try(tiny.pidfd_open, record.pid)
  if not process then return nil end
  if tiny.try(tiny.process_start_time, record.pid) == record.pid_start and #tiny.poll({ process }, 0) == 0 then return process end
  process:close()
end

local function locked(one, name)
  local free, err = tiny.try(tiny.flock, ("%s/%s"):format(one.dir, name), { wait = false, shared = true })
  if free then free:close() end
  return not free and not err
end

-- Whether the first process still waits for `start`.
local function waiting(one) return locked(one, "waiting") end

-- The figures of its cgroup; nil if it has none.
local function usage(one)
  local cgroup = one.record.cgroup and tiny.try(tiny.open_cgroup, one.record.cgroup)
  return cgroup and tiny.try(tiny.cgroup_stats, cgroup) or nil
end

-- Whether all processes are frozen. Reading the one file that says so is faster than all statistics.
local function frozen(one)
  local cgroup = one.record.cgroup and tiny.try(tiny.open_cgroup, one.record.cgroup)
  if not cgroup then return false end
  -- A hybrid host freezes by its v2 hierarchy, as tiny.cgroup_freeze does.
  if cgroup.folders.unified then return (tiny.try(tiny.cgroup_read, cgroup, "cgroup.events") or ""):find("frozen 1", 1, true) ~= nil end
  return (tiny.try(tiny.cgroup_read, cgroup, "freezer.state") or ""):find("^FROZEN") ~= nil
end

-- "creating", "created", "running", "paused" or "stopped". given: its process, if the caller has one.
function state.status(one, given)
  local own <close> = not given and state.process(one) or nil
  local process = given or own
  -- Without a record, its processes are those of its cgroup.
  local lives = process or one.damaged and (usage(one) or {}).populated
  if not lives then return not one.record.pid and state.busy(one) and "creating" or "stopped" end
  -- `create` works on it, or was killed: its first process waits for nobody.
  if one.record.creating then return "creating" end
  -- Also before it is started: `start` would wait for a first process that cannot answer.
  if frozen(one) then return "paused" end
  return waiting(one) and "created" or "running"
end

-- Whether a command changes the container at this moment.
function state.busy(one)
  return not one.lock and locked(one, "lock")
end

-- The state that the specification defines, for hooks and `state`. pid 0: none.
function state.shown(one, status)
  local record = one.record
  return {
    ociVersion = record.ociVersion or "1.0.0", id = record.id, status = status, pid = status ~= "stopped" and record.pid or nil,
    bundle = record.bundle, annotations = record.annotations and next(record.annotations) and record.annotations or nil,
  }
end

-- A client that comes too late may open the lock in the directory once more.
local REMOVALS = 10

local function remove_folder(folder)
  for try = 1, REMOVALS do
    local _, err = tiny.try(tiny.remove, folder, { recursive = true })
    if not err then return end
    if err.code ~= "ENOTEMPTY" or try == REMOVALS then error(err, 0) end
  end
end

-- Removes what was set up, and the directory. Failures are reported, and the directory then stays.
function state.remove(one)
  one.scope:load()
  -- A journal that has lost its lines: the record has the cgroup too.
  if one.record.cgroup and #one.scope.calls == 0 then one.scope:undo("cgroup_del", one.record.cgroup, { kill = true }) end
  if one.record.unit then require("tiny.oci.systemd").remove(one.record) end
  local failures, damage = one.scope:clear()
  if #failures > 0 then
    tiny.fail { message = ("container %s: cannot clean up: %s"):format(tiny.show(one.id), table.concat(failures, "; ")) }
  end
  for _, text in ipairs(damage) do require("tiny.format").note("%s", text) end
  remove_folder(one.dir)
end

-- All containers, by id, below --root or another directory.
function state.all(root)
  local found = {}
  for _, id in ipairs(tiny.list_dir(root or state.root()) or {}) do
    local one = tiny.try(state.find, id, { root = root })
    if one then table.insert(found, one) end
  end
  return found
end

return state
