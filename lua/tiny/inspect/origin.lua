-- Finds where each part of a container comes from: the line of the recipe that requests it, and the line of the shipped Lua,
-- or of a user's override of it, that creates it.
local origin = {}

-- The lines of the shipped Lua, by part: a file and the text that identifies the line.
origin.SHIPPED = {
  exec = { "lua/tiny/container.lua", "tiny.exec" },
  namespaces = { "lua/tiny/container.lua", "ctx.child = tiny.clone(" },
  user = { "lua/tiny/pipeline/userns.lua", "ctx.userns = ctx.scope:add(" },
  cgroup = { "lua/tiny/pipeline/limits.lua", "ctx.cgroup = made" },
  memory = { "lua/tiny/pipeline/limits.lua", "tiny.set_memory_limit(" },
  swap = { "lua/tiny/pipeline/limits.lua", "tiny.set_swap_limit(" },
  cpus = { "lua/tiny/pipeline/limits.lua", "tiny.set_cpu_limit(" },
  pids = { "lua/tiny/pipeline/limits.lua", "tiny.set_pids_limit(" },
  cpuset = { "lua/tiny/pipeline/limits.lua", '["cpuset.cpus"]' },
  capabilities = { "lua/tiny/pipeline/security.lua", "tiny.set_caps { permitted = mine" },
  no_new_privs = { "lua/tiny/pipeline/security.lua", "then tiny.no_new_privs()" },
  seccomp = { "lua/tiny/pipeline/security.lua", "if how.filter and how.no_new_privs then tiny.seccomp" },
  landlock = { "lua/tiny/pipeline/security.lua", "tiny.landlock(how.landlock)" },
  network = { "lua/tiny/network.lua", "function network.connect" },
  veth = { "lua/tiny/net/attach.lua", "tiny.veth_pair(" },
  egress = { "lua/tiny/egress/fence.lua", "tiny.egress_fence(" },
  publish = { "lua/tiny/net/ports.lua", "tiny.publish(" },
  view = { "lua/tiny/pipeline/rootfs.lua", "tiny.try(tiny.mount_overlay, place" },
  view_own = { "lua/tiny/pipeline/rootless_view.lua", "tiny.mount_overlay(path" },
  rootfs = { "lua/tiny/pipeline/rootfs.lua", "tiny.mount_bind(ctx.spec.rootfs" },
  image = { "lua/tiny/images/layers.lua", "tiny.try(tiny.mount_overlay, target" },
  volume = { "lua/tiny/pipeline/volumes.lua", "return tiny.mount_bind(from" },
  tmpfs = { "lua/tiny/pipeline/volumes.lua", "tiny.mount_tmpfs(mount.target" },
  file = { "lua/tiny/net/files.lua", "tiny.try(tiny.mount_bind, source" },
  masked = { "lua/tiny/pipeline/masked_paths.lua", "for _, path in ipairs(security.masked.proc)" },
  readonly = { "lua/tiny/pipeline/masked_paths.lua", "tiny.mount_bind(path, path" },
  ["/proc"] = { "lua/tiny/pipeline/mounts.lua", 'tiny.mount_proc("/proc"' },
  ["/sys"] = { "lua/tiny/pipeline/mounts.lua", 'tiny.mount_sysfs, "/sys"' },
  ["/dev"] = { "lua/tiny/pipeline/mounts.lua", 'tiny.mount_tmpfs("/dev"' },
  ["/dev/pts"] = { "lua/tiny/pipeline/mounts.lua", 'tiny.mount_devpts("pts"' },
  ["/dev/mqueue"] = { "lua/tiny/pipeline/mounts.lua", 'tiny.mount_mqueue("mqueue"' },
  ["/dev/shm"] = { "lua/tiny/pipeline/mounts.lua", 'tiny.mount_tmpfs("shm"' },
  ["/dev/console"] = { "lua/tiny/pipeline/terminal.lua", "tiny.mount_bind(slave.path" },
  ["/sys/fs/cgroup"] = { "lua/tiny/pipeline/mounts.lua", 'tiny.mount_cgroup("fs/cgroup"' },
}

-- The recipe keys that request a part, in order of preference; default: the part's own name.
local ASKED = {
  exec = { "command", "entrypoint" }, namespaces = { "steps.namespaces" }, user = { "userns" }, volume = { "volumes", "mounts" },
  tmpfs = { "tmpfs", "mounts" }, capabilities = { "cap_drop", "cap_add", "privileged" }, seccomp = { "seccomp", "security_opt" },
  no_new_privs = { "security_opt", "privileged" }, veth = { "network" }, file = { "add_hosts", "dns" }, cgroup = { "cgroup_parent", "steps.cgroup" },
  view = { "view", "steps.rootfs" }, ["/dev/shm"] = { "shm_size" }, readonly = { "privileged" }, masked = { "privileged" },
}

local function trim(line)
  line = line:match("^%s*(.-)%s*$")
  return #line > 100 and line:sub(1, 97) .. "…" or line
end

local function line_of(text, wanted)
  local number = 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if line:find(wanted, 1, true) then return number, trim(line) end
  end
end

-- The line in the Lua that runs here, which may be a modified copy; nil if it has no such line. entry: a file, and a text of the line.
function origin.line(entry)
  local text, path
  if entry then text, path = tiny.source(entry[1]) end
  local number, code = line_of(text or "", entry and entry[2] or "\0")
  return number and { place = ("%s:%d"):format(path or entry[1], number), code = code } or nil
end

local function shipped(key) return origin.line(origin.SHIPPED[key]) end

-- Searches a recipe's text. Returns a function of keys and, for an item of a list, of a text in it, which returns { place,
-- code } of the first match. part: the container's name in a topology.
function origin.asker(text, path, part)
  local found, lines = require("tiny.inspect.recipe_keys").of(text), {}
  for line in (text .. "\n"):gmatch("(.-)\n") do table.insert(lines, line) end
  -- A container of a topology is listed under its own name.
  local prefixes = part and { "containers." .. part .. ".", "" } or { "" }
  local function at(number) return { place = ("%s:%d"):format(path, number), code = trim(lines[number] or "") } end
  return function(names, item)
    for _, prefix in ipairs(prefixes) do
      for _, name in ipairs(names) do
        for _, one in ipairs(item and found.strings or {}) do
          local below = one.path == prefix .. name or one.path:sub(1, #prefix + #name + 1) == prefix .. name .. "."
          if below and one.text:find(item, 1, true) then return at(one.line) end
        end
        if found.lines[prefix .. name] then return at(found.lines[prefix .. name]) end
      end
    end
  end
end

local function recipe_of(container)
  local recipe = container.config.recipe
  local text = recipe and tiny.read_file(container.dir .. "/recipe.lua", { max = "1m" })
  local service = recipe and recipe.part and (container.config.labels or {})["tinylua.service"]
  return text and origin.asker(text, recipe.path, service) or function() end
end

-- The role of a mount in a container: a key of SHIPPED.
local function role_of(mount, container, inspection)
  local config, target = container.config, mount.target
  for _, asked in ipairs(config.mounts or {}) do
    if asked.target == target then return asked.type == "tmpfs" and "tmpfs" or "volume" end
  end
  if target == "/" then return config.from_image and "image" or config.rootfs ~= "host" and "rootfs" or "view" end
  if origin.SHIPPED[target] then return target end
  if target:match("^/etc/[%w.]+$") and mount.path and mount.path:find(inspection.id, 1, true) then return "file" end
  local security = require "tiny.pipeline.security"
  for _, name in ipairs(security.readonly) do
    if target == "/proc/" .. name then return "readonly" end
  end
  for folder, names in pairs(security.masked) do
    for _, name in ipairs(names) do
      if target == ("/%s/%s"):format(folder, name) then return "masked" end
    end
  end
  if config.userns == "own" and config.rootfs == "host" then return "view_own" end
end

-- Roles of mounts, which are not parts of their own.
local ROLES = { view = true, view_own = true, rootfs = true, image = true, volume = true, tmpfs = true, file = true, masked = true, readonly = true }

-- The origins by part: { recipe, shipped }, each { place, code }. Those of mounts are stored in the mounts, with their
-- `role`.
function origin.of(inspection, container)
  local asked, found = recipe_of(container), {}
  local function of(key, item) return { recipe = asked(ASKED[key] or { key }, item), shipped = shipped(key) } end
  for key in pairs(origin.SHIPPED) do
    if not ROLES[key] and not key:match("^/") then found[key] = of(key) end
  end
  local function walk(list)
    for _, mount in ipairs(list) do
      local role = role_of(mount, container, inspection)
      mount.role = role and (role:gsub("^view_own$", "view"):gsub("^/.*", "part"))
      mount.origin = role and of(role, (role == "volume" or role == "tmpfs") and mount.target or nil)
      walk(mount.children)
    end
  end
  walk(inspection.mounts)
  return found
end

return origin
