-- The state store: plain files that one can cat. Writers take the container's lock; readers never
-- do, since every file is replaced whole. A pid is believed only with its start time and boot id.
--   containers/<id>/config.json   what was asked; only rename and update write it again
--   containers/<id>/state.json    what is
--   containers/<id>/undo.jsonl    the journal
--   containers/<id>/container.log
--   names/<name>                  the id that holds the name
local record_files = require "tiny.store.record_files"

local state = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)

-- A folder in /tmp, where others could have made it first.
local function own_folder(path)
  local s = tiny.stat(path, { follow = false })
  if s and (s.kind ~= "dir" or s.uid ~= tiny.getuid() or s.mode & tonumber("22", 8) ~= 0) then
    tiny.fail { message = ("%s is not a folder that only you can change"):format(path), hint = "set XDG_RUNTIME_DIR to one, or remove it", exit = 125 }
  end
  return path
end

-- What a variable of the environment names; one that is empty or relative counts as unset (XDG Base Directories).
local function folder_of(variable)
  local value = os.getenv(variable)
  return value and value:sub(1, 1) == "/" and value or nil
end

-- Where the store is: data survives a reboot, run does not.
function state.roots()
  local root = tiny.settings.root
  if root then return root, root .. "/run" end
  if tiny.getuid() == 0 then return "/var/lib/tinylua", "/run/tinylua" end
  local home = os.getenv("HOME") or tiny.fail { message = "HOME is not set", hint = "set it, or name the folder of all state: --root DIR" }
  local run = folder_of("XDG_RUNTIME_DIR") or own_folder("/tmp/tinylua-" .. tiny.getuid())
  return (folder_of("XDG_DATA_HOME") or home .. "/.local/share") .. "/tinylua", run .. "/tinylua"
end

local function folders(id)
  local data, run = state.roots()
  return data .. "/containers/" .. id, run .. "/" .. id
end

-- sync: until it is on the disk.
local function write_json(path, value, sync)
  value.version = record_files.VERSION
  tiny.write_file(path, tiny.json_encode(value, { pretty = true }) .. "\n", { mode = PRIVATE_FILE, sync = sync })
end

-- Whether a power cut must not take the container's record from the moment it is made: one that is to be started again.
function state.durable(config)
  return (config.restart or "no") ~= "no" and not config.remove
end

-- Whether a change of the state waits for the disk. A container that removes itself is nobody's to find, and the way of a
-- start would take half as long again: what is written on it tiny.store.persist brings to the disk a moment later.
local function waits(config, was, now)
  local starts = now == "starting" or was == "starting" and now == "running"
  return not config.remove and (state.durable(config) or not starts)
end

-- Seconds after which a lock that is held for a moment only is taken to be that of a process which hangs.
local HANGS = 30

-- Takes a lock of the store; fails with ETIMEDOUT when another process has it for longer than that.
function state.lock(path, patience)
  local lock = tiny.flock(path, { timeout = patience or HANGS })
  if lock then return lock end
  tiny.fail {
    message = ("another process has held %s for more than %g seconds"):format(path, patience or HANGS), code = "ETIMEDOUT", exit = 125,
    hint = "`fuser` tells which; that of a container's supervisor, stop and rm -f end",
  }
end

local function in_use(name, id)
  tiny.fail { message = ("the name %q is in use by container %s"):format(name, id), hint = "choose another --name, or remove that container" }
end

-- Reserves a name for an id; a name whose container is gone is taken over under the store's lock.
local function reserve(data, name, id)
  local path = data .. "/names/" .. name
  local function write() tiny.write_file(path, id, { exclusive = true, mode = PRIVATE_FILE }) end
  local _, err = tiny.try(write)
  if err and err.code == "ENOENT" then
    tiny.mkdir(data .. "/names", { parents = true, mode = PRIVATE })
    _, err = tiny.try(write)
  end
  if not err then return end
  if err.code ~= "EEXIST" then error(err, 0) end
  local lock <close> = state.lock(data .. "/lock")
  local holder = tiny.read_file(path)
  if holder and tiny.stat(data .. "/containers/" .. holder) then in_use(name, holder) end
  tiny.write_file(path, id, { mode = PRIVATE_FILE })
end

-- This process as a record names it.
function state.self()
  local pid = tiny.getpid()
  return { pid = pid, start = tiny.process_start_time(pid), boot_id = (tiny.try(tiny.boot_id)) }
end

-- A process that a record names, or nil when it has ended. A start time counts from the boot, and after another boot it
-- can be that of a stranger.
function state.open_process(who)
  if who and who.boot_id == tiny.boot_id() then return tiny.pidfd_open(who.pid, { start_time = who.start }) end
end

-- Whether somebody stops the container. One who was killed over it counts for as long as the stop would have
-- taken: a later end is the container's own.
function state.stopping(s)
  local by = s.stopping
  if type(by) ~= "table" then return by end
  -- Its clock, too, begins with the boot.
  if by.boot_id ~= tiny.boot_id() then return false end
  local living <close> = state.open_process(by)
  return living ~= nil or tiny.clock("monotonic") < by.till
end

-- A folder of a container; those above it are there but for the first time.
local function make_folder(path)
  local _, err = tiny.try(tiny.mkdir, path, { mode = PRIVATE })
  if not err then return end
  if err.code ~= "ENOENT" then error(err, 0) end
  local data, run_root = state.roots()
  for _, folder in ipairs { data .. "/containers", data .. "/names", run_root } do
    local _, failed = tiny.try(tiny.mkdir, folder, { parents = true, mode = PRIVATE })
    if failed then
      tiny.fail { message = ("the folder for state cannot be made: %s"):format(failed.message), code = failed.code, hint = "--root DIR keeps all state below another folder" }
    end
  end
  -- Looks again: another may have been faster in /tmp.
  state.roots()
  tiny.mkdir(path, { mode = PRIVATE })
end

-- Records a new container; returns it with its folders. Nothing is left when it fails.
function state.create(config)
  local data = state.roots()
  local id = tiny.random_id()
  local dir, run = folders(id)
  config.id, config.name, config.created_at = id, config.name or id, tiny.timestamp()
  config.hostname = config.hostname or id
  local record = { id = id, dir = dir, run = run, config = config, state = { status = "starting", supervisor = state.self() } }
  local _, err = tiny.try(function()
    -- The lock comes before the record: what is on record and not locked has lost its maker.
    make_folder(run)
    record.alive = tiny.flock(run .. "/alive")
    make_folder(dir)
    -- An id needs no reservation to be its own.
    if config.name ~= id then reserve(data, config.name, id) end
    write_json(dir .. "/config.json", config)
    write_json(dir .. "/state.json", record.state)
  end)
  if not err then return record end
  -- What cannot be cleared is told after the cause and never replaces it.
  local _, kept = tiny.try(state.forget, record)
  err.cleanup = kept and { tostring(kept) } or nil
  error(err, 0)
end

-- Fails because a container that was there has been removed.
function state.gone(container)
  tiny.fail { message = ("there is no container %q any more"):format(container.config.name), hint = "`tinylua ps -a` lists them" }
end

-- The lock under which a container's files are written; fails when it was removed meanwhile.
local function locked(container, patience)
  local lock, err = tiny.try(state.lock, container.dir .. "/lock", patience)
  if err and err.code ~= "ENOENT" then error(err, 0) end
  -- Who removes it holds this lock too: what was waited for may be the lock of a folder that is gone.
  local there, failure = tiny.try(tiny.stat, container.dir)
  if lock and there then return lock end
  -- It must not stay held: the clean-up after a failure takes it too.
  if lock then lock:close() end
  if failure then error(failure, 0) end
  state.gone(container)
end

-- What a file of the record has now, to be written again; `known` where it is damaged. That of a newer program stays as it is.
local function current_of(container, file, key, known)
  local value, wrong, newer = record_files.read(container.dir .. "/" .. file, key)
  if newer then tiny.fail { message = wrong, exit = 125 } end
  return value or known
end

-- Changes the config under the container's lock; `change` gets it as it is now, and may fail.
function state.change_config(container, change)
  local lock <close> = locked(container)
  local current = current_of(container, "config.json", "id", container.config)
  change(current)
  write_json(container.dir .. "/config.json", current, not current.remove)
  container.config = current
end

-- Gives a container another name; nobody sees it without one.
function state.rename(container, name)
  local data = state.roots()
  local old
  state.change_config(container, function(config)
    old = config.name
    if name ~= old then reserve(data, name, container.id) end
    config.name = name
  end)
  if name ~= old and tiny.read_file(data .. "/names/" .. old) == container.id then tiny.remove(data .. "/names/" .. old) end
end

-- A folder under the name that it has while it is removed: nobody makes a file in it any more.
local function out_of_sight(path)
  local trash = path:gsub("([^/]+)$", ".%1.gone")
  local _, err = tiny.try(tiny.rename, path, trash)
  if err and err.code ~= "ENOENT" then error(err, 0) end
  return not err and trash or nil
end

-- A container's folder. Without root what its users made in it is not this user's, and only its root may
-- remove it.
function state.remove_all(dir)
  local _, err = tiny.try(tiny.remove, dir, { recursive = true })
  if not err then return end
  if tiny.getuid() == 0 or err.code ~= "EACCES" and err.code ~= "EPERM" then error(err, 0) end
  require("tiny.base.rootless").inside(function() tiny.remove(dir, { recursive = true }) end)
end

-- Removes every trace of a container from the store, once nothing of it is left elsewhere. For others
-- it is there until the moment when it is gone. Returns false when it was gone already.
function state.forget(container)
  -- Who hangs with it keeps nobody from the removal.
  local lock <close> = tiny.try(tiny.flock, container.dir .. "/lock", { timeout = 5 })
  local data = state.roots()
  -- It may have been renamed meanwhile.
  local config = record_files.read(container.dir .. "/config.json", "id")
  local dir, run = out_of_sight(container.dir), out_of_sight(container.run)
  -- Of a record that cannot be read the name is not known.
  for _, name in ipairs(config and { config.name or container.id } or tiny.list_dir(data .. "/names") or {}) do
    local path = data .. "/names/" .. name
    if tiny.try(tiny.read_file, path) == container.id then tiny.try(tiny.remove, path) end
  end
  if run then tiny.try(tiny.remove, run, { recursive = true }) end
  if dir then state.remove_all(dir) end
  return dir ~= nil
end

-- What a new container has before it is first started.
local FIRST = { ["config.json"] = true, ["state.json"] = true, lock = true }

-- Whether a record was cut short while it was made: one of its files is missing, and there is nothing that comes later.
local function half_made(dir)
  local there = {}
  for _, name in ipairs(tiny.try(tiny.list_dir, dir) or { dir }) do
    if not FIRST[name] and name:sub(1, 1) ~= "." then return false end
    there[name] = true
  end
  return not (there["config.json"] and there["state.json"])
end

-- Loads a container by its full id. A damaged file does not hide the container: what is wrong
-- is in `damage`, and what is known of it is in part made up (`unreadable`). `half`: it was cut short while it was made.
function state.load(id)
  local dir, run = folders(id)
  local config, bad_config = record_files.read(dir .. "/config.json", "id")
  local current, bad_state = record_files.read(dir .. "/state.json", "status")
  local container = { id = id, dir = dir, run = run, config = config or { id = id, name = id, command = {} } }
  container.state = current
  if config and current then return container end
  -- It may have been removed between the two reads.
  if not tiny.stat(dir) then return nil end
  container.half = half_made(dir)
  container.state = current or { status = container.half and "starting" or "unknown" }
  container.damage, container.unreadable = bad_config or bad_state, true
  return container
end

-- The process of a running container, or nil.
function state.process(container)
  local s = container.state
  if not s.pid or s.boot_id ~= tiny.boot_id() then return nil end
  return tiny.pidfd_open(s.pid, { start_time = s.pid_start })
end

-- The lock that a container's supervisor holds as long as it lives; nil while one does, and when the
-- container is gone. `wait`: until nobody holds it.
function state.try_alive(container, wait)
  tiny.mkdir(container.run, { parents = true, mode = PRIVATE })
  local alive, err = tiny.try(tiny.flock, container.run .. "/alive", { wait = false })
  if err and err.code ~= "ENOENT" then error(err, 0) end
  if not alive then return nil end
  local there, failure = tiny.try(tiny.stat, container.dir)
  if there then return alive end
  -- It was removed while this looked for it, and the folder above is of this call's making.
  if not failure then tiny.try(tiny.remove, container.run, { recursive = true }) end
  alive:close()
  if failure then error(failure, 0) end
end

local BUSY = { running = true, starting = true, restarting = true }

-- Whether somebody looks after the container, or should: it is running, or about to.
function state.busy(container)
  return BUSY[container.state.status] or false
end

-- The container at rest, as it is now, with its supervisor's lock in `alive`: as long as that is held
-- nobody else starts or removes it. Otherwise nil, and the container as it is: nil when it is gone. `patience`: for so
-- many seconds at most one at rest, which its supervisor still holds, is waited for.
function state.claim(container, patience)
  local last = tiny.clock("monotonic") + (patience or math.huge)
  while true do
    local alive = state.try_alive(container)
    local now, failure = tiny.try(state.load, container.id)
    if now and alive and not state.busy(now) then
      now.alive = alive
      return now
    end
    if alive then alive:close() end
    if failure then error(failure, 0) end
    if not now or state.busy(now) or tiny.clock("monotonic") > last then return nil, now end
    -- Its supervisor has recorded the end, or somebody is about to start or to remove it: a moment, at
    -- whose end a supervisor tells nothing that could be waited for beside the folder.
    local watch <close> = tiny.try(tiny.watch, { container.dir })
    if watch then tiny.poll({ watch }, "20ms") end
  end
end

-- Whether the process that starts a container lives.
local function has_maker(container)
  local maker <close> = state.open_process(container.state.supervisor)
  return maker ~= nil
end

-- The container once it is no longer being started, or after `patience` seconds; nil when that came to nothing. A maker
-- that was killed writes nothing more: what is to be done then, `recover` says; without it the container is returned as it is.
function state.settled(container, patience, recover)
  local last = tiny.clock("monotonic") + (patience or math.huge)
  while container and container.state.status == "starting" and tiny.clock("monotonic") < last do
    local watch <close> = tiny.try(tiny.watch, { container.dir })
    container = state.load(container.id)
    if watch and container and container.state.status == "starting" then
      tiny.poll({ watch }, math.max(0, math.min(1, last - tiny.clock("monotonic"))))
      if recover then container = recover(container) elseif not has_maker(container) then return container end
    end
  end
  return container
end

-- The container once its program runs: before that it has not left the host's root yet.
function state.ready(container, recover)
  container = state.settled(container, nil, recover) or container
  if container.state.status == "running" then
    local lock <close> = tiny.try(tiny.flock, container.run .. "/making")
  end
  return container
end

-- Changes the state under the container's lock, for which it waits `patience` seconds; `change` gets the state as it is now.
function state.update(container, change, patience)
  local lock <close> = locked(container, patience)
  local current = current_of(container, "state.json", "status", container.state)
  local was = current.status
  change(current)
  write_json(container.dir .. "/state.json", current, waits(container.config, was, current.status))
  container.state = current
  return container
end

return state
