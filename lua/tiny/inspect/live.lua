-- What a live process or container is made of, read from the kernel: its processes, namespaces, mounts, limits,
-- rights and network, as one plain table that can be printed and serialised. Nothing that a container says of
-- itself is believed but as text; lists are bounded, since it decides how long they are.
local mounts = require "tiny.inspect.mounts"
local network = require "tiny.inspect.network"
local processes = require "tiny.inspect.processes"
local resources = require "tiny.inspect.resources"
local source = require "tiny.inspect.source"
local spaces = require "tiny.inspect.namespaces"

local anatomy = {}

-- Of what is asked: a process handle (nil for this process), for a container its record, and the handle again where it
-- was opened here.
local function subject(what)
  if what == nil or type(what) == "table" and (what.kind == "child" or what.kind == "process") then return what end
  if type(what) ~= "table" or not (what.config and what.state) then
    tiny.fail { message = "anatomy.of: expected a process handle or a container, got " .. tiny.show(what), hint = "tiny.clone, tiny.pidfd_open and tiny.state's find return one", exit = 125 }
  end
  local container = require("tiny.state").ready(what)
  local process = require("tiny.state").process(container)
  if not process then
    tiny.fail { message = container.config.name .. " is not running", hint = "tinylua start " .. container.config.name, exit = 125 }
  end
  return process, container, process
end

local function head(self, held, container)
  self.pid = held.pid
  local status = held:status()
  self.name = source.text(status.Name or "?")
  if not container then return end
  local config, state = container.config, container.state
  self.id, self.name, self.status, self.command = container.id, config.name, state.status, config.command
  self.hostname, self.started_at, self.health = config.hostname, state.started_at, state.health
  self.recipe = config.recipe and { path = config.recipe.path, part = config.recipe.part } or nil
  self.supervisor = state.supervisor and state.supervisor.pid
  self.rootfs = config.rootfs
end

local function own(namespaces, kind)
  for _, one in ipairs(namespaces) do
    if one.kind == kind then return one.own or false end
  end
  return false
end

-- What a process is compared with: the namespaces and mounts of this one as they are now.
function anatomy.here()
  return { namespaces = spaces.own(), mounts = tiny.mounts() }
end

-- The anatomy of a process handle, of a container on record, or of this process: a table with name, pid, processes,
-- namespaces, maps, mounts, cgroup, capabilities, seccomp, no_new_privs, landlock, network, and for a container id,
-- status, command, recipe and origin (where in the recipe and in the shipped Lua each part is made).
-- left_out: how many processes and mounts there are beyond those listed. host: what anatomy.here() said of the host,
-- where this process is not there any more.
function anatomy.of(what, host)
  host = host or anatomy.here()
  local process, container, opened = subject(what)
  local _ <close> = opened
  local held <close> = process and source.of(process) or source.own()
  local self = {}
  head(self, held, container)
  -- With an init, PID 1 of an ordinary user's container shows nothing: its first child does.
  local shown = container and require("tiny.pipeline.userns").shown(process, container.config) or process
  local seen <close> = shown and source.of(shown) or source.own()
  self.namespaces, self.maps = spaces.namespaces(seen, host.namespaces), spaces.maps(seen)
  local left = {}
  self.processes, left.processes = processes.tree(held, own(self.namespaces, "pid"), self.maps.uid)
  self.mounts, left.mounts = mounts.tree(shown, host.mounts)
  self.cgroup = resources.of(process, container)
  self.capabilities = tiny.caps(shown)
  for key, value in pairs(spaces.confinement(seen, container and container.config)) do self[key] = value end
  self.network = network.of(shown, seen, own(self.namespaces, "net"), container)
  self.left_out = (left.processes > 0 or left.mounts > 0) and left or nil
  if container then self.origin = require("tiny.inspect.origin").of(self, container) end
  -- What was read is of one process only if that lives still.
  if process then source.of(process):close() end
  return self
end

-- An anatomy as text for a terminal. options: width in columns [100], colour.
function anatomy.text(self, options)
  return require "tiny.inspect.text"(self, options or {})
end

return anatomy
