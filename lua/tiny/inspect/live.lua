-- Inspects a live process or container: its processes, namespaces, mounts, limits, privileges and network, read from the
-- kernel, as one plain table that can be printed and serialized. What a container controls is used only as text; lists have
-- a maximum length.
local mounts = require "tiny.inspect.mounts"
local network = require "tiny.inspect.network"
local processes = require "tiny.inspect.processes"
local resources = require "tiny.inspect.resources"
local source = require "tiny.inspect.source"
local namespaces = require "tiny.inspect.namespaces"

local live = {}

-- Resolves the argument: a process handle (nil for this process), the record of a container, and the handle again if it was
-- opened here.
local function subject(what)
  if what == nil or type(what) == "table" and (what.kind == "child" or what.kind == "process") then return what end
  if type(what) ~= "table" or not (what.config and what.state) then
    tiny.fail { message = "inspect: expected a process handle or a container, got " .. tiny.show(what), hint = "tiny.clone, tiny.pidfd_open and tiny.state's find return one", exit = 125 }
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
  self.rootfs, self.image, self.layers = config.rootfs, config.from_image, require("tiny.inspect.layers").of(container)
end

local function own(namespaces, kind)
  for _, one in ipairs(namespaces) do
    if one.kind == kind then return one.own or false end
  end
  return false
end

-- The reference for comparisons: the current namespaces and mounts of this process.
function live.here()
  return { namespaces = namespaces.own(), mounts = tiny.mounts() }
end

-- Inspects a process handle, a recorded container, or this process. Returns a table with name, pid, processes, namespaces,
-- maps, mounts, cgroup, capabilities, seccomp, no_new_privs, landlock, network, and for a container id, status, egress, command,
-- recipe and origin (the lines in the recipe and in the shipped Lua that create each part).
-- left_out: the number of processes and mounts beyond the listed ones. host: the result of live.here() on the host, if this
-- process is no longer in the host's namespaces.
function live.of(what, host)
  host = host or live.here()
  local process, container, opened = subject(what)
  local _ <close> = opened
  local held <close> = process and source.of(process) or source.own()
  local self = {}
  head(self, held, container)
  -- With an init, PID 1 of a rootless container cannot be inspected; its first child is used instead.
  local shown = container and require("tiny.pipeline.userns").shown(process, container.config) or process
  local seen <close> = shown and source.of(shown) or source.own()
  self.namespaces, self.maps = namespaces.namespaces(seen, host.namespaces), namespaces.maps(seen)
  local left = {}
  self.processes, left.processes = processes.tree(held, own(self.namespaces, "pid"), self.maps.uid)
  self.mounts, left.mounts = mounts.tree(shown, host.mounts)
  self.cgroup = resources.of(process, container)
  self.capabilities = tiny.caps(shown)
  for key, value in pairs(namespaces.confinement(seen, container and container.config)) do self[key] = value end
  self.network = network.of(shown, seen, own(self.namespaces, "net"), container)
  self.left_out = (left.processes > 0 or left.mounts > 0) and left or nil
  if container and container.config.egress then self.egress = require("tiny.inspect.egress").of(container) end
  if container then self.origin = require("tiny.inspect.origin").of(self, container) end
  -- The data belongs to one process only if it is still alive.
  if process then source.of(process):close() end
  return self
end

-- An inspection as text for a terminal. options: width in columns [100], colour.
function live.text(self, options)
  return require "tiny.inspect.text"(self, options or {})
end

return live
