-- The state store, in plain text files. Writers take the container's lock; readers need none, since every file is replaced
-- atomically. A pid is valid only together with its start time and boot id.
--   containers/<id>/config.json   the configuration; only rename and update rewrite it
--   containers/<id>/state.json    the current state
--   containers/<id>/undo.jsonl    the journal
--   containers/<id>/container.log
--   names/<name>                  the id that holds the name
local record_files = require "tiny.store.record_files"
local rootless = require "tiny.base.rootless"

local state = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)

-- A folder in /tmp, where another user could have created it first.
local function own_folder(path)
  local s = tiny.stat(path, { follow = false })
  if s and (s.kind ~= "dir" or s.uid ~= tiny.getuid() or s.mode & tonumber("22", 8) ~= 0) then
    tiny.fail { message = ("%s is not a directory that only you can change"):format(path), hint = "set XDG_RUNTIME_DIR to one, or remove it", exit = 125 }
  end
  return path
end

-- The folder in an environment variable; an empty or relative one counts as unset (XDG Base Directories).
local function folder_of(variable)
  local value = os.getenv(variable)
  return value and value:sub(1, 1) == "/" and value or nil
end

-- The store's folders: data survives a reboot, run does not.
function state.roots()
  local root = tiny.settings.root
  if root then return root, root .. "/run" end
  if tiny.getuid() == 0 and not rootless.in_userns() then return "/var/lib/tinylua", "/run/tinylua" end
  local home = os.getenv("HOME") or tiny.fail { message = "HOME is not set", hint = "set it, or choose the state directory with --root DIR" }
  local run = folder_of("XDG_RUNTIME_DIR") or own_folder("/tmp/tinylua-" .. rootless.outer_uid())
  return (folder_of("XDG_DATA_HOME") or home .. "/.local/share") .. "/tinylua", run .. "/tinylua"
end

local function folders(id)
  local data, run = state.roots()
  return data .. "/containers/" .. id, run .. "/" .. id
end

-- sync: waits until the file is on the disk.
local function write_json(path, value, sync)
  value.version = record_files.VERSION
  tiny.write_file(path, tiny.json_encode(value, { pretty = true }) .. "\n", { mode = PRIVATE_FILE, sync = sync })
end

-- Whether the record must survive a power cut as soon as it is created: the container has a restart policy.
function state.durable(config)
  return (config.restart or "no") ~= "no" and not config.remove
end

-- Whether a change of the state waits for the disk. A container that removes itself need not be found later. During a start,
-- waiting would take half as long again; tiny.store.persist syncs the record shortly afterwards.
local function waits(config, was, now)
  local starts = now == "starting" or was == "starting" and now == "running"
  return not config.remove and (state.durable(config) or not starts)
end

-- Seconds after which the holder of a short-lived lock is considered hung.
local HANGS = 30

-- Takes a lock of the store; fails with ETIMEDOUT if another process holds it for longer.
function state.lock(path, patience)
  local lock = tiny.flock(path, { timeout = patience or HANGS })
  if lock then return lock end
  tiny.fail {
    message = ("another process has held %s for more than %g seconds"):format(path, patience or HANGS), code = "ETIMEDOUT", exit = 125,
    hint = "`fuser` shows which; stop and rm -f end a container's supervisor",
  }
end

local function in_use(name, id)
  tiny.fail { message = ("the name %q is in use by container %s"):format(name, id), hint = "choose another --name, or remove that container" }
end

-- Reserves a name for an id; the name of a container that no longer exists is reassigned under the store's lock.
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

-- This process, in the form that a record has.
function state.self()
  local pid = tiny.getpid()
  return { pid = pid, start = tiny.process_start_time(pid), boot_id = (tiny.try(tiny.boot_id)) }
end

-- The process in a record, or nil if it has ended. A start time counts from boot, so after a reboot it can match an unrelated
-- process.
function state.open_process(who)
  if who and who.boot_id == tiny.boot_id() then return tiny.pidfd_open(who.pid, { start_time = who.start }) end
end

-- Whether a command is stopping the container. A stopping command that was killed counts until its stop would have timed out;
-- after that, an end is the container's own.
function state.stopping(s)
  local by = s.stopping
  if type(by) ~= "table" then return by end
  -- Its monotonic clock, too, counts from boot.
  if by.boot_id ~= tiny.boot_id() then return false end
  local living <close> = state.open_process(by)
  return living ~= nil or tiny.clock("monotonic") < by.till
end

-- Creates a container's folder; its parents are missing only the first time.
local function make_folder(path)
  local _, err = tiny.try(tiny.mkdir, path, { mode = PRIVATE })
  if not err then return end
  if err.code ~= "ENOENT" then error(err, 0) end
  local data, run_root = state.roots()
  for _, folder in ipairs { data .. "/containers", data .. "/names", run_root } do
    local _, failed = tiny.try(tiny.mkdir, folder, { parents = true, mode = PRIVATE })
    if failed then
      tiny.fail { message = ("the state directory cannot be created: %s"):format(failed.message), code = failed.code, hint = "--root DIR keeps all state below another directory" }
    end
  end
  -- Checks again: another user may have created it in /tmp first.
  state.roots()
  tiny.mkdir(path, { mode = PRIVATE })
end

-- Records a new container; returns it with its folders. Leaves nothing behind if it fails. again: it has data of an earlier one, and
-- so its record is kept if its first start fails.
function state.create(config, again)
  local data = state.roots()
  local id = tiny.random_id()
  local dir, run = folders(id)
  config.id, config.name, config.created_at = id, config.name or id, tiny.timestamp()
  config.hostname = config.hostname or id
  local record = { id = id, dir = dir, run = run, config = config, state = { status = "starting", supervisor = state.self(), again = again } }
  local _, err = tiny.try(function()
    -- The lock is taken before the record exists: a recorded container without a locked file has lost its creator.
    make_folder(run)
    record.alive = tiny.flock(run .. "/alive")
    make_folder(dir)
    -- An id is unique and needs no reservation.
    if config.name ~= id then reserve(data, config.name, id) end
    write_json(dir .. "/config.json", config)
    write_json(dir .. "/state.json", record.state)
  end)
  if not err then return record end
  -- A failed clean-up is reported after the cause and never replaces it.
  local _, kept = tiny.try(state.forget, record)
  err.cleanup = kept and { tostring(kept) } or nil
  error(err, 0)
end

-- Fails because a container has been removed meanwhile.
function state.gone(container)
  tiny.fail { message = ("container %q no longer exists"):format(container.config.name), hint = "`tinylua ps -a` lists them" }
end

-- The lock for writing a container's files; fails if the container was removed meanwhile.
local function locked(container, patience)
  local lock, err = tiny.try(state.lock, container.dir .. "/lock", patience)
  if err and err.code ~= "ENOENT" then error(err, 0) end
  -- A removal holds this lock too: the acquired lock may belong to a folder that no longer exists.
  local there, failure = tiny.try(tiny.stat, container.dir)
  if lock and there then return lock end
  -- Release it: the clean-up after a failure takes it too.
  if lock then lock:close() end
  if failure then error(failure, 0) end
  state.gone(container)
end

-- The current contents of a record's file, for rewriting; `known` if it is damaged. A newer tinylua's file is not changed.
local function current_of(container, file, key, known)
  local value, wrong, newer = record_files.read(container.dir .. "/" .. file, key)
  if newer then tiny.fail { message = wrong, exit = 125 } end
  return value or known
end

-- Changes the config under the container's lock; `change` gets the current one, and may fail.
function state.change_config(container, change)
  local lock <close> = locked(container)
  local current = current_of(container, "config.json", "id", container.config)
  change(current)
  write_json(container.dir .. "/config.json", current, not current.remove)
  container.config = current
end

-- Renames a container; other processes never see it without a name.
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

-- Renames a folder that is to be removed, so that no process creates a file in it any more.
local function out_of_sight(path)
  local trash = path:gsub("([^/]+)$", ".%1.gone")
  local _, err = tiny.try(tiny.rename, path, trash)
  if err and err.code ~= "ENOENT" then error(err, 0) end
  return not err and trash or nil
end

-- Removes the folder of a container or a layer. In rootless mode, files of other users in it do not belong to this user, and only
-- root of the user namespace may remove them. Another command, such as `gc`, may be removing it too.
function state.remove_all(dir)
  local function remove() tiny.remove(dir, { recursive = true }) end
  local _, err
  repeat
    _, err = tiny.try(remove)
    if err and rootless.is() and (err.code == "EACCES" or err.code == "EPERM") then _, err = tiny.try(rootless.apart, remove) end
  until not err or err.code ~= "ENOENT" or not tiny.stat(dir, { follow = false })
  if err and err.code ~= "ENOENT" then error(err, 0) end
end

-- Removes every trace of a container from the store, once its other resources are released. For other processes, it disappears
-- atomically. Returns false if it no longer existed.
function state.forget(container)
  -- A hung lock holder does not prevent the removal.
  local lock <close> = tiny.try(tiny.flock, container.dir .. "/lock", { timeout = 5 })
  local data = state.roots()
  -- It may have been renamed meanwhile.
  local config = record_files.read(container.dir .. "/config.json", "id")
  if not config or config.storage_opt then require("tiny.store.quota").release(container.dir .. "/upper") end
  local dir, run = out_of_sight(container.dir), out_of_sight(container.run)
  -- If the record cannot be read, the name is unknown.
  for _, name in ipairs(config and { config.name or container.id } or tiny.list_dir(data .. "/names") or {}) do
    local path = data .. "/names/" .. name
    if tiny.try(tiny.read_file, path) == container.id then tiny.try(tiny.remove, path) end
  end
  if run then tiny.try(tiny.remove, run, { recursive = true }) end
  if dir then state.remove_all(dir) end
  return dir ~= nil
end

-- The files of a new container before its first start.
local FIRST = { ["config.json"] = true, ["state.json"] = true, lock = true }

-- Whether the creation of a record was interrupted: one of its files is missing, and no later file exists.
local function half_made(dir)
  local there = {}
  for _, name in ipairs(tiny.try(tiny.list_dir, dir) or { dir }) do
    if not FIRST[name] and name:sub(1, 1) ~= "." then return false end
    there[name] = true
  end
  return not (there["config.json"] and there["state.json"])
end

-- Loads a container by its full id. A damaged file does not hide the container: `damage` has the reason, and `unreadable` means
-- that some fields are placeholders. `half`: its creation was interrupted.
function state.load(id)
  local dir, run = folders(id)
  local config, bad_config, current, bad_state, half
  -- A file that is missing may be written before the folder is looked at: then both are read again.
  for _ = 1, 2 do
    config, bad_config = record_files.read(dir .. "/config.json", "id")
    current, bad_state = record_files.read(dir .. "/state.json", "status")
    if config and current then return { id = id, dir = dir, run = run, config = config, state = current } end
    -- It may have been removed between the two reads.
    if not tiny.stat(dir) then return nil end
    half = half_made(dir)
    if half then break end
  end
  return {
    id = id, dir = dir, run = run, config = config or { id = id, name = id, command = {} }, half = half, damage = bad_config or bad_state, unreadable = true,
    state = current or { status = half and "starting" or "unknown" },
  }
end

-- The process of a running container, or nil.
function state.process(container)
  local s = container.state
  if not s.pid or s.boot_id ~= tiny.boot_id() then return nil end
  return tiny.pidfd_open(s.pid, { start_time = s.pid_start })
end

-- The lock that a container's supervisor holds while it lives; nil while it does, and if the container no longer exists.
-- `wait`: waits until the lock is free.
function state.try_alive(container, wait)
  tiny.mkdir(container.run, { parents = true, mode = PRIVATE })
  local alive, err = tiny.try(tiny.flock, container.run .. "/alive", { wait = false })
  if err and err.code ~= "ENOENT" then error(err, 0) end
  if not alive then return nil end
  local there, failure = tiny.try(tiny.stat, container.dir)
  if there then return alive end
  -- It was removed meanwhile, and this call created the run folder.
  if not failure then tiny.try(tiny.remove, container.run, { recursive = true }) end
  alive:close()
  if failure then error(failure, 0) end
end

-- The status for users: a running container can be paused.
function state.word(container)
  local s = container.state
  return s.status == "running" and s.paused and "paused" or s.status
end

local BUSY = { running = true, starting = true, restarting = true }

-- Whether the container has, or should have, a supervisor: it is running or being started.
function state.busy(container)
  return BUSY[container.state.status] or false
end

-- The container at rest, freshly loaded, with its supervisor's lock in `alive`: while that is held, no other process starts or
-- removes it. Otherwise nil and the current container, which is nil if it no longer exists. `patience`: seconds to wait for a
-- supervisor that still holds the lock of a container at rest.
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
    -- Its supervisor has recorded the end, or another process is about to start or remove it. This takes a short time, and a
    -- supervisor that releases the lock changes nothing that could be watched, so poll.
    local watch <close> = tiny.try(tiny.watch, { container.dir })
    if watch then tiny.poll({ watch }, "20ms") end
  end
end

-- Whether the process that starts a container is alive.
local function has_maker(container)
  local maker <close> = state.open_process(container.state.supervisor)
  return maker ~= nil
end

-- The container once it is no longer being started, or after `patience` seconds; nil if the start failed. A creator that was
-- killed writes nothing more: `recover` then decides what to do; without it, the container is returned unchanged.
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

-- The container once its program runs; before that, it has not left the host's root yet.
function state.ready(container, recover)
  container = state.settled(container, nil, recover) or container
  if container.state.status == "running" then
    local lock <close> = tiny.try(tiny.flock, container.run .. "/making")
  end
  return container
end

-- Changes the state under the container's lock, waiting for it `patience` seconds; `change` gets the current state.
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
