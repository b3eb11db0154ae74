-- Device nodes of a container (linux.devices), the default ones, and the rules of the devices controller.
local check = require "tiny.oci.check"

local devices = {}

local KINDS = { c = "char", u = "char", b = "block", p = "fifo" }
local OPEN = tonumber("666", 8)

-- The devices that every container has (config-linux.md, "Default Devices").
local DEFAULT = { null = { 1, 3 }, zero = { 1, 5 }, full = { 1, 7 }, random = { 1, 8 }, urandom = { 1, 9 }, tty = { 5, 0 } }
devices.DEFAULT = DEFAULT

function devices.check(list)
  for i, device in ipairs(list) do
    local where = ("linux.devices[%d]"):format(i - 1)
    if device.path:sub(1, 1) ~= "/" or ("/" .. device.path .. "/"):find("/../", 1, true) then
      check.wrong(where .. ".path", ("it must be an absolute path without .., not %s"):format(tiny.show(device.path)))
    end
    if device.type ~= "p" and not (device.major and device.minor) then check.wrong(where, "major and minor are missing") end
    -- Some engines give the bits of the type too.
    check.range(device.fileMode, 0, (1 << 32) - 1, where .. ".fileMode")
    for _, name in ipairs { "uid", "gid" } do check.range(device[name], 0, (1 << 32) - 2, ("%s.%s"):format(where, name)) end
  end
end

local function matches(there, kind, device)
  if not there or there.kind ~= kind then return false end
  return kind == "fifo" or there.rdev == nil or devices.number(there) == ("%d:%d"):format(device.major, device.minor)
end

-- The host's node of this number: at the same path, or another one in /dev.
local function on_host(path, kind, device)
  if matches(tiny.stat(path, { follow = false }), kind, device) then return path end
  for _, name in ipairs(tiny.list_dir "/dev") do
    if matches(tiny.stat("/dev/" .. name, { follow = false }), kind, device) then return "/dev/" .. name end
  end
  tiny.fail { message = ("linux.devices: %s: this host has no %s device %d:%d to bind"):format(path, kind, device.major, device.minor) }
end

-- Creates a node, or binds the host's where a user namespace may not create one.
local function make(ctx, path, kind, device)
  local name, root = path:match("^/dev/(.+)$"), ctx.dev
  if not (name and root) then name, root = path, ctx.root end
  local there = tiny.stat(name, { root = root, follow = false })
  if matches(there, kind, device) then return end
  if there then tiny.fail { message = ("linux.devices: %s: a file of that name is there already"):format(path) } end
  local folder = name:match("^(.*)/[^/]+$")
  if folder and folder ~= "" then tiny.mkdir(folder, { root = root, parents = true }) end
  local function bind() return tiny.mount_bind(on_host(path, kind, device), name, { root = root, create = true }) end
  if ctx.in_userns and kind ~= "fifo" then return bind() end
  local mode = (device.fileMode or OPEN) & tonumber("7777", 8)
  local _, err = tiny.try(tiny.mknod, name, kind, { root = root, major = device.major, minor = device.minor, mode = mode })
  -- The runtime itself may lack CAP_MKNOD, or its cgroup deny it.
  if err and err.code == "EPERM" and kind ~= "fifo" then return bind() end
  if err then error(err, 0) end
  if device.uid or device.gid then tiny.chown(name, { root = root, uid = device.uid or 0, gid = device.gid or 0 }) end
end

-- "MAJOR:MINOR" of a node.
function devices.number(stat)
  local rdev = stat.rdev
  return ("%d:%d"):format((rdev >> 8 & 0xfff) | (rdev >> 32 & ~0xfff), (rdev & 0xff) | (rdev >> 12 & ~0xff))
end

function devices.make(ctx)
  for _, device in ipairs(ctx.config.linux.devices or {}) do
    if not (ctx.foreign_dev and device.path:match("^/+dev/")) then make(ctx, device.path, KINDS[device.type], device) end
  end
  if not ctx.dev then return end
  for _, name in ipairs(require "tiny.base.sorted_keys"(DEFAULT)) do
    local device = { major = DEFAULT[name][1], minor = DEFAULT[name][2] }
    -- One that the configuration lists has the mode and the owner that are given there.
    if not matches(tiny.stat(name, { root = ctx.dev, follow = false }), "char", device) then make(ctx, "/dev/" .. name, "char", device) end
  end
end

local ALWAYS = {
  { type = "char", access = "m" }, { type = "block", access = "m" },
  { type = "char", major = 1, minor = 3, access = "rwm" }, { type = "char", major = 1, minor = 5, access = "rwm" },
  { type = "char", major = 1, minor = 7, access = "rwm" }, { type = "char", major = 1, minor = 8, access = "rwm" },
  { type = "char", major = 1, minor = 9, access = "rwm" }, { type = "char", major = 5, minor = 0, access = "rwm" },
  { type = "char", major = 5, minor = 2, access = "rwm" }, { type = "char", major = 136, access = "rwm" },
}

local function number(value)
  return value and value >= 0 and value or nil
end

-- The rules in the form of tiny.set_device_rules. The list begins with "nothing"; the devices that every container has come last.
function devices.rules(list)
  local rules = {}
  for _, rule in ipairs(list) do
    local kind = rule.type
    local all = (kind == nil or kind == "" or kind == "a")
    local access = rule.access and rule.access ~= "" and rule.access or "rwm"
    if all and not number(rule.major) and not number(rule.minor) and access:find("r") and access:find("w") and access:find("m") then
      rules = rule.allow and { { access = "rwm" } } or {}
    else
      for _, one in ipairs(all and { "char", "block" } or { KINDS[kind] }) do
        table.insert(rules, {
          type = one, major = number(rule.major), minor = number(rule.minor), access = access, allow = rule.allow,
        })
      end
    end
  end
  return table.move(ALWAYS, 1, #ALWAYS, #rules + 1, rules)
end

return devices
