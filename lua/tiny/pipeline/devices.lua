-- Host devices in a container, "HOST[:CONTAINER[:rwm]]": checked before anything is created, allowed for the container's
-- cgroup, and created in its /dev or bind-mounted elsewhere.
local values = require "tiny.spec.values"

local devices = {}

-- Names in /dev that cannot be passed: terminals, and what every container has of its own.
local OWN = { console = true, mqueue = true, null = true, full = true, ptmx = true, pts = true, random = true, shm = true, tty = true,
  urandom = true, zero = true, fd = true }

local function wrong(text, what, hint)
  values.wrong(("devices: %s: %s"):format(tiny.show(text), what), hint)
end

local function plain(text, path)
  if path:sub(1, 1) ~= "/" then wrong(text, "the path must begin with /", "HOST[:CONTAINER[:rwm]], for example /dev/fuse") end
  for part in path:gmatch("[^/]+") do
    if part == ".." or part == "." then wrong(text, ("the path contains %s"):format(part)) end
  end
  return path
end

local function parse(text)
  local host, rest = text:match("^([^:]*):?(.*)$")
  local path, access = rest:match("^(/[^:]*):?(.*)$")
  if not path then path, access = host, rest end
  if access == "" then access = "rwm" end
  if access:find("[^rwm]") then wrong(text, ("the access %s may contain only r, w and m"):format(tiny.show(access))) end
  return plain(text, host), plain(text, path), access
end

-- The device at a host path; fails if the path is not a device.
local function look(text, host)
  local s = tiny.stat(host)
  if not s then wrong(text, ("%s does not exist on the host"):format(host)) end
  if s.kind ~= "char" and s.kind ~= "block" then wrong(text, ("%s is a %s, not a device"):format(host, s.kind)) end
  local rdev = s.rdev
  s.major, s.minor = (rdev >> 8 & 0xfff) | (rdev >> 32 & ~0xfff), (rdev & 0xff) | (rdev >> 12 & ~0xff)
  return s
end

function devices.check(list)
  for _, text in ipairs(list) do look(text, (parse(text))) end
end

-- Adds the cgroup's rules for the devices.
function devices.add_rules(rules, list)
  for _, text in ipairs(list) do
    local host, _, access = parse(text)
    local s = look(text, host)
    table.insert(rules, { type = s.kind, major = s.major, minor = s.minor, access = access })
  end
end

-- Creates a device: a new node in /dev, which is fresh. Elsewhere, and where a node cannot be created, the host's node is
-- bind-mounted, read-only so that its mode cannot change; that does not prevent writing to the device.
local function make(ctx, dev, host, path, s, access)
  local name, root = path:match("^/dev/(.+)$"), dev
  if not name then name, root = path, ctx.root end
  if root ~= dev or not access:find("m") or ctx.rootless then
    return tiny.mount_bind(host, name, { root = root, create = true, read_only = true, nosuid = true, noexec = true })
  end
  local folder = name:match("^(.*)/")
  if folder then tiny.mkdir(folder, { root = dev, parents = true }) end
  if OWN[name] then tiny.remove(name, { root = dev }) end
  tiny.mknod(name, s.kind, { root = dev, major = s.major, minor = s.minor, mode = s.mode & tonumber("666", 8) })
  tiny.chown(name, { root = dev, uid = s.uid, gid = s.gid })
end

function devices.make(ctx, dev)
  for _, text in ipairs(ctx.spec.devices or {}) do
    local host, path, access = parse(text)
    make(ctx, dev, host, path, look(text, host), access)
  end
  if not ctx.spec.privileged then return end
  local function all(folder)
    for _, name in ipairs(tiny.list_dir(folder) or {}) do
      local path = folder .. "/" .. name
      local s = not (folder == "/dev" and OWN[name]) and tiny.stat(path, { follow = false })
      if s and s.kind == "dir" then all(path)
      elseif s and (s.kind == "char" or s.kind == "block") then make(ctx, dev, path, path, look(path, path), "rwm") end
    end
  end
  all("/dev")
end

return devices
