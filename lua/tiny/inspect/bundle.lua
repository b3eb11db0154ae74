-- Inspects a container of the OCI runtime, which an engine such as Docker or podman has started. Its parts come from config.json, so
-- their origins are the field and the line of the shipped Lua that applies it.
local state = require "tiny.oci.state"

local bundle = {}

-- Where engines keep the state of a runtime: podman and CRI-O, Docker, containerd.
local ROOTS = { "/run/docker/runtime-*/*", "/run/containerd/runc/*", "/run/containerd/*/*/runc/*" }

local function is_folder(path)
  local there = tiny.stat(path)
  return there ~= nil and there.kind == "dir"
end

-- The directories that a pattern matches; "*" is one name. Engines keep sockets and files beside them.
local function expand(pattern)
  local found = { "" }
  for part in pattern:gmatch("[^/]+") do
    local next_ones = {}
    for _, folder in ipairs(found) do
      if not part:find("*", 1, true) then table.insert(next_ones, folder .. "/" .. part) else
        local wanted = "^" .. part:gsub("[%-.]", "%%%0"):gsub("%*", ".*") .. "$"
        for _, name in ipairs(is_folder(folder) and tiny.list_dir(folder) or {}) do
          if name:find(wanted) then table.insert(next_ones, folder .. "/" .. name) end
        end
      end
    end
    found = next_ones
  end
  return found
end

local function roots()
  local found = { state.root() }
  for _, pattern in ipairs(ROOTS) do
    for _, folder in ipairs(expand(pattern)) do
      if is_folder(folder) then table.insert(found, folder) end
    end
  end
  return found
end

-- The containers whose id begins like this, wherever their engine keeps them.
function bundle.find(prefix)
  local found = {}
  for _, root in ipairs(roots()) do
    for _, one in ipairs(state.all(root)) do
      if one.id:sub(1, #prefix) == prefix and one.record.pid_start then table.insert(found, one) end
    end
  end
  if #found > 1 then
    for _, one in ipairs(found) do
      if one.id == prefix then return one end
    end
    tiny.fail { message = ("%s is the beginning of %d ids of containers"):format(tiny.show(prefix), #found), hint = "give more of it" }
  end
  return found[1]
end

-- The lines of the shipped Lua by part; a mount's part is "mount".
local SHIPPED = {
  exec = { "lua/tiny/oci/process.lua", "tiny.exec, {" },
  namespaces = { "lua/tiny/oci/create.lua", "ctx.child = tiny.clone(" },
  user = { "lua/tiny/oci/userns.lua", "return tiny.userns {" },
  cgroup = { "lua/tiny/oci/cgroup.lua", "tiny.try(tiny.cgroup, path" },
  memory = { "lua/tiny/oci/resources.lua", '"memory.limit_in_bytes"' },
  pids = { "lua/tiny/oci/resources.lua", '"pids.max"' },
  cpus = { "lua/tiny/oci/resources.lua", '"cpu.cfs_quota_us"' },
  capabilities = { "lua/tiny/oci/process.lua", "tiny.set_caps { permitted" },
  no_new_privs = { "lua/tiny/oci/process.lua", "then tiny.no_new_privs()" },
  seccomp = { "lua/tiny/oci/create.lua", "tiny.seccomp(filter, options)" },
  network = { "lua/tiny/oci/create.lua", "local KINDS = {" },
  mount = { "lua/tiny/oci/mounts.lua", "local made = parsed.bind and bind(ctx, mount)" },
  root = { "lua/tiny/oci/mounts.lua", "tiny.mount_bind(path, path" },
  masked = { "lua/tiny/oci/mounts.lua", "for _, path in ipairs(linux.maskedPaths" },
  readonly = { "lua/tiny/oci/mounts.lua", "for _, path in ipairs(linux.readonlyPaths" },
}

-- The field of config.json that asks for a part.
local FIELDS = {
  exec = "process.args", namespaces = "linux.namespaces", user = "linux.uidMappings", cgroup = "linux.cgroupsPath", memory = "linux.resources.memory",
  pids = "linux.resources.pids", cpus = "linux.resources.cpu", capabilities = "process.capabilities", no_new_privs = "process.noNewPrivileges",
  seccomp = "linux.seccomp", network = "linux.namespaces", masked = "linux.maskedPaths", readonly = "linux.readonlyPaths", root = "root.path",
}

local function origins(config)
  local line_of = require("tiny.inspect.origin").line
  local function of(part, field)
    field = field or FIELDS[part]
    return { recipe = { place = "config.json " .. field, code = "" }, shipped = line_of(SHIPPED[part]) }
  end
  local by_target = {}
  for i, mount in ipairs(config.mounts or {}) do by_target[mount.target or mount.destination] = of("mount", ("mounts[%d]"):format(i - 1)) end
  for _, part in ipairs { "masked", "readonly" } do
    for _, path in ipairs(config.linux[part .. "Paths"] or {}) do by_target[path] = by_target[path] or of(part) end
  end
  by_target["/"] = of "root"
  local found = {}
  for part in pairs(SHIPPED) do found[part] = of(part, FIELDS[part] or "mounts") end
  return found, by_target
end

-- Inspects a container; the table is that of tiny.inspect.live.
function bundle.of(one)
  local process <close> = state.process(one)
  if not process then tiny.fail { message = ("container %s is not running"):format(tiny.show(one.id)), exit = 125 } end
  local self = require("tiny.inspect.live").of(process)
  local config, record = state.config(one), one.record
  self.id, self.name, self.status = one.id, one.id, state.status(one)
  self.command, self.hostname, self.started_at = config.process and config.process.args, config.hostname, record.created
  self.rootfs, self.bundle = record.rootfs, record.bundle
  self.recipe = record.recipe and { path = record.recipe } or nil
  local by_target
  self.origin, by_target = origins(config)
  local function walk(list)
    for _, mount in ipairs(list) do
      mount.origin = by_target[mount.target]
      walk(mount.children)
    end
  end
  walk(self.mounts)
  return self
end

return bundle
