-- What the commands of the OCI runtime do with a container.
local state = require "tiny.oci.state"

local front = {}

-- Writes a pid file as engines expect it: whole, or not at all.
local function write_pid(path, pid)
  if not path then return end
  tiny.write_file(path, ("%d"):format(pid))
end
front.write_pid = write_pid

-- The socket of --console-socket, checked against process.terminal.
function front.console(asked, path, detached)
  if asked and asked.terminal and not path and detached then
    tiny.fail { message = "process.terminal is set, but there is no --console-socket to send the terminal to" }
  end
  if path and not (asked and asked.terminal) then tiny.fail { message = "--console-socket is given, but process.terminal is not set" } end
  return path and tiny.unix_connect(path) or nil
end

local function absolute(path)
  if path:sub(1, 1) == "/" then return path end
  local here = tiny.readlink "/proc/self/cwd"
  return path == "." and here or here .. "/" .. path
end
front.absolute = absolute

local function absolute_below(bundle, path) return path:sub(1, 1) == "/" and path or bundle .. "/" .. path end

local function has(config, kind)
  local list = (config.hooks or {})[kind]
  return list and #list > 0 or nil
end

-- Calls a closure of the recipe that belongs to a container created earlier. A failure is reported; the container goes on.
local function call_back(one, name, ...)
  if not one.record[name] then return end
  local _, err = tiny.try(function(...)
    local closure = require("tiny.oci.program").again(one)[name]
    if closure then closure({ id = one.id, record = one.record, pid = one.record.pid }, ...) end
  end, ...)
  if err then tiny.log("warn", err.message, { container = one.id, closure = name }) end
end

-- Ends what a failed create has left.
local function undo(ctx)
  if ctx.child then
    tiny.try(tiny.kill, ctx.child, "SIGKILL")
    tiny.try(ctx.child.close, ctx.child)
  end
  state.remove(ctx)
end

-- Runs the steps of creating and starting the container of a bundle, for a plan, in which all acting primitives are fakes. Nothing is
-- recorded. begin(ctx): called before the first step.
function front.plan(bundle, file, begin)
  bundle = absolute(bundle)
  local config = require("tiny.oci.config").of_bundle(bundle, file)
  local id = bundle:match("[^/]+$") or "container"
  local program = require("tiny.oci.program").of(config, bundle, id)
  local ctx = {
    id = id, dir = state.root() .. "/" .. id, name = id, config = config, bundle = bundle, spec = program.spec, where = program.where,
    record = { id = id, bundle = bundle },
    scope = require("tiny.scope").new(), lock = tiny.pipe(), console = config.process and config.process.terminal and tiny.pipe() or nil,
    planned = state.shown({ record = { id = id, bundle = bundle, ociVersion = config.ociVersion } }, "creating"),
  }
  begin(ctx)
  require("tiny.oci.create").make(ctx)
end

-- The record of a container that is created. own_keys: it keeps the session keyring of the caller.
function front.record(id, bundle, config, program, own_keys)
  local spec = program.spec
  return {
    id = id, bundle = bundle, ociVersion = config.ociVersion, annotations = config.annotations, created = tiny.timestamp(), creating = true,
    recipe = program.name, rootfs = absolute_below(bundle, config.root.path), owner = ("%d"):format(tiny.getuid()),
    -- A name that no other container has, of another --root for instance: `exec` joins it by its name.
    keyring = not own_keys and ("_ses.%s.%x"):format(id:sub(1, 200), math.floor(tiny.clock "monotonic" * 1e9)) or nil,
    poststart = has(config, "poststart"), poststop = has(config, "poststop"),
    processless = not config.process or nil, programmed = next(spec) and true or nil, on_start = spec.on_start and true or nil,
    on_exit = spec.on_exit and true or nil, on_oom = spec.on_oom and true or nil,
  }
end

-- Creates a container; returns it. options: bundle, config, pid_file, console_socket, preserve_fds, no_pivot, strict, detached.
function front.create(id, options)
  if options.no_pivot then
    tiny.fail {
      message = "--no-pivot: this runtime always uses pivot_root(2), which works unless the host's root is an initramfs",
      hint = "leave the option out",
    }
  end
  tiny.set_process_title "tinylua-oci"
  local bundle = absolute(options.bundle or ".")
  local config = require("tiny.oci.config").of_bundle(bundle, options.config, { strict = options.strict })
  local program = require("tiny.oci.program").of(config, bundle, id)
  local console <close> = front.console(config.process, options.console_socket, options.detached ~= false)
  local record = front.record(id, bundle, config, program, options.no_new_keyring)
  local givable = config.process and require("tiny.oci.process").warn(config.process, id)
  local ctx = state.create(id)
  -- A recipe's functions may change what this process has, and those of a user namespace are others.
  ctx.givable = not record.programmed and not config.spaces.user and givable or nil
  ctx.config, ctx.bundle, ctx.console, ctx.keep, ctx.record = config, bundle, console, options.preserve_fds, record
  ctx.name, ctx.spec, ctx.where, ctx.original = id, program.spec, program.where, next(program.spec) and program.original or nil
  local _, err = tiny.try(function()
    state.save(ctx)
    require("tiny.oci.create").make(ctx)
    ctx.record.creating = nil
    state.save(ctx)
    write_pid(options.pid_file, ctx.record.pid)
  end)
  if err then
    local _, more = tiny.try(undo, ctx)
    if more then err.cleanup = { tostring(more) } end
    error(err, 0)
  end
  ctx.lock:close()
  return ctx
end

-- Reads what the first process says until its program runs.
function front.follow(one, connection)
  while true do
    local said = connection:read()
    if not said then return end
    if not require("tiny.oci.listener").hear(one, said, connection) then tiny.fail { message = said:gsub("^E", "", 1), exit = 1 } end
  end
end

-- Starts a created container.
function front.start(id)
  local one = state.find(id, { lock = true })
  -- Released also if it fails: `run` then deletes the container.
  local _ <close> = one.lock
  local status = state.status(one)
  if status ~= "created" then
    tiny.fail { message = ("cannot start container %s: it is %s, not created"):format(tiny.show(id), status) }
  end
  if one.record.processless then
    tiny.fail { message = ("cannot start container %s: its configuration has no process"):format(tiny.show(id)) }
  end
  local connection <close> = tiny.unix_connect(one.dir .. "/start", { type = "seqpacket" })
  connection:write "start"
  front.follow(one, connection)
  tiny.try(tiny.remove, one.dir .. "/start")
  if one.record.poststart then
    require("tiny.oci.hooks").run_all(state.config(one), "poststart", state.shown(one, "running"))
  end
  if one.record.on_oom then require("tiny.oci.companion").watch_oom(one) end
  call_back(one, "on_start")
  return one
end

-- Sends a signal to all processes of a cgroup. A pid may belong to another process when it is opened; it is not in the cgroup then.
local function kill_all(group, signal)
  local pids, processes = require("tiny.oci.cgroup").pids, {}
  for _, pid in ipairs(pids(group)) do processes[pid] = tiny.try(tiny.pidfd_open, pid) end
  for _, pid in ipairs(pids(group)) do
    if processes[pid] then tiny.try(tiny.kill, processes[pid], signal) end
  end
  for _, process in pairs(processes) do process:close() end
end

-- A frozen process ends by SIGKILL only once it is thawed (cgroup v1).
local function thaw_for(one, status, signal)
  if status == "paused" and tiny.signal_number(signal) == tiny.signal_number "SIGKILL" then
    tiny.try(tiny.cgroup_thaw, one.record.cgroup)
  end
end

-- Sends a signal to the first process, or to all processes.
function front.kill(id, signal, all)
  local one = state.find(id)
  local status = state.status(one)
  local group = all and require("tiny.oci.cgroup").of(one)
  if group then
    kill_all(group, signal)
    return thaw_for(one, status, signal)
  end
  if status == "stopped" then
    tiny.fail { message = ("cannot kill container %s: container not running"):format(tiny.show(id)), code = "ESRCH" }
  end
  local process <close> = state.process(one)
  if process then tiny.kill(process, signal) end
  thaw_for(one, status, signal)
end

-- Ends all processes of a container, and waits for that.
local function finish(one)
  local process <close> = state.process(one)
  local group = require("tiny.oci.cgroup").of(one)
  if process then tiny.try(tiny.kill, process, "SIGKILL") end
  if group then
    tiny.try(tiny.cgroup_thaw, group)
    tiny.try(tiny.cgroup_kill, group, "10s")
  end
  if process and #tiny.poll({ process }, "10s") == 0 then
    tiny.fail { message = ("container %s: its process %d does not end even on SIGKILL"):format(tiny.show(one.id), one.record.pid) }
  end
end

-- Deletes a stopped container; `force`: in any state.
function front.delete(id, force)
  local one, err = tiny.try(state.find, id, { lock = true, interrupt = force })
  if not one then
    if force and err.code == "ENOENT" then return end
    error(err, 0)
  end
  local status = state.status(one)
  if status ~= "stopped" and not force then
    tiny.fail {
      message = ("cannot delete container %s that is not stopped: %s"):format(tiny.show(id), status),
      hint = "--force kills it first",
    }
  end
  finish(one)
  local record = one.record
  call_back(one, "on_exit")
  local hooked = record.poststop and tiny.try(state.config, one)
  state.remove(one)
  if hooked then require("tiny.oci.hooks").run_all(hooked, "poststop", state.shown(one, "stopped")) end
end

function front.pause(id, frozen)
  local one = state.find(id, { lock = true })
  local status = state.status(one)
  local wanted = frozen and "running" or "paused"
  if status ~= wanted and not (frozen and status == "created") then
    tiny.fail { message = ("cannot %s container %s: it is %s"):format(frozen and "pause" or "resume", tiny.show(id), status) }
  end
  local group = require("tiny.oci.cgroup").needed(one)
  if frozen then tiny.cgroup_freeze(group) else tiny.cgroup_thaw(group) end
end

return front
