-- The systemd cgroup driver: the container's cgroup is a transient unit, which systemd creates, moves the first process to, and stops
-- (org.freedesktop.systemd1(5)). systemd sets again what it knows of a unit, so it is told of the limits that it has a property for.
local check = require "tiny.oci.check"
local resources = require "tiny.oci.resources"

local systemd = {}

local NAME, MANAGER_PATH = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
local MANAGER = NAME .. ".Manager"
local NO_UNIT, EXISTS = NAME .. ".NoSuchUnit", NAME .. ".UnitExists"
local PREFIX = "org.systemd.property."
local HINT = "let the engine use cgroupfs: podman --cgroup-manager cgroupfs; Docker: native.cgroupdriver=cgroupfs"
-- What this driver decides itself.
local OURS = { PIDs = true, Slice = true, Delegate = true, DefaultDependencies = true }

-- Whether the caller asks for this driver.
function systemd.asked()
  return tiny.settings.systemd_cgroup == "true" or tiny.settings.cgroup_manager == "systemd"
end

-- linux.cgroupsPath as a unit: SLICE:PREFIX:NAME. user: the user's own systemd runs it.
function systemd.unit(path, id, user)
  local default = user and "user.slice" or "system.slice"
  if not path or path == "" then path = ("%s:tinylua-oci:%s"):format(default, id) end
  local slice, prefix, name = path:match "^([^:]*):([^:]*):([^:]+)$"
  local where = "linux.cgroupsPath"
  if not slice then check.wrong(where, ("%s is not SLICE:PREFIX:NAME, as --systemd-cgroup needs it"):format(tiny.show(path))) end
  if slice == "" then slice = default end
  if not slice:match "^[%w:_.\\@-]+%.slice$" then check.wrong(where, ("%s is not the name of a slice"):format(tiny.show(slice))) end
  local unit = name
  if not name:match "%.slice$" then unit = (prefix ~= "" and prefix .. "-" or "") .. name .. ".scope" end
  if not unit:match "^[%w:_.\\@-]+$" or #unit > 255 then check.wrong(where, ("%s is not the name of a unit"):format(tiny.show(unit))) end
  return { name = unit, slice = slice, user = user or nil }
end

local function unescaped(text)
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

-- The sockets at which a user's systemd may be: { path, is_bus }.
local function sockets(user)
  if not user then return { { "/run/systemd/private" } } end
  local found, folder = {}, os.getenv "XDG_RUNTIME_DIR" or ""
  if folder ~= "" then table.insert(found, { folder .. "/systemd/private" }) end
  for address in (os.getenv "DBUS_SESSION_BUS_ADDRESS" or ""):gmatch "[^;]+" do
    local path = ("," .. (address:match "^unix:(.*)$" or "")):match ",path=([^,]+)"
    if path then table.insert(found, { unescaped(path), true }) end
  end
  if folder ~= "" then table.insert(found, { folder .. "/bus", true }) end
  return found
end

local Manager = {}
Manager.__index = Manager

-- Connects to systemd.
local function connect(user)
  local what, last = user and "the user's systemd" or "systemd", nil
  for _, socket in ipairs(sockets(user)) do
    local bus, err = tiny.try(require("tiny.oci.dbus").connect, socket[1], what, socket[2])
    if bus then
      local self = setmetatable({ bus = bus }, Manager)
      if socket[2] then
        bus:call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s",
          ("type='signal',sender='%s',interface='%s',member='JobRemoved'"):format(NAME, MANAGER))
        self:call("Subscribe", "")
      end
      return self
    end
    last = err
  end
  local why = last and last.code ~= "ENOENT" and last.message or user and "no systemd of the user runs" or "no systemd runs on this host"
  tiny.fail { message = "--systemd-cgroup: " .. why, hint = HINT, code = last and last.code }
end

function Manager:close() self.bus:close() end
Manager.__close = Manager.close

function Manager:call(method, signature, ...)
  return self.bus:call(NAME, MANAGER_PATH, MANAGER, method, signature, ...)
end

-- Calls a method that starts a job, and waits until the job has ended.
function Manager:job(method, signature, ...)
  local job = self:call(method, signature, ...)
  local values = self.bus:await("JobRemoved", function(values) return values[2] == job end)
  if values[4] ~= "done" then tiny.fail { message = ("systemd: the job of unit %s: %s"):format(values[3], values[4]) } end
end

local MAX = -1

local function number(text) return text == "max" and MAX or math.tointeger(tonumber(text)) end

-- A list of CPUs or memory nodes, such as 0-3,7, as a mask of bytes; nil if it is none.
local function mask(list)
  local bytes = {}
  for part in list:gmatch "[^,%s]+" do
    local first, last = part:match "^(%d+)%-?(%d*)$"
    if not first then return nil end
    first, last = tonumber(first), tonumber(last ~= "" and last or first)
    if last > 65535 then return nil end
    for n = first, last do
      for i = #bytes + 1, n // 8 + 1 do bytes[i] = 0 end
      bytes[n // 8 + 1] = bytes[n // 8 + 1] | 1 << n % 8
    end
  end
  return #bytes > 0 and bytes or nil
end

-- Control files of cgroup v2 as properties: functions that return a list of { name, signature, value }.
local function plain(name)
  return function(text) return { { name, "t", number(text) } } end
end

local function masked(name)
  return function(text) return { { name, "ay", mask(text) } } end
end

systemd.mask = mask

local PROPERTIES = {
  ["memory.max"] = plain "MemoryMax", ["memory.high"] = plain "MemoryHigh",
  ["memory.low"] = plain "MemoryLow", ["memory.min"] = plain "MemoryMin",
  ["memory.swap.max"] = plain "MemorySwapMax", ["pids.max"] = plain "TasksMax", ["cpu.weight"] = plain "CPUWeight",
  ["cpuset.cpus"] = masked "AllowedCPUs", ["cpuset.mems"] = masked "AllowedMemoryNodes",
  ["cpu.max"] = function(text)
    local quota, period = text:match "^(%w+) ?(%d*)$"
    quota, period = quota and number(quota), number(period or "")
    -- systemd counts in hundredths of a CPU.
    local second = quota == MAX and MAX or quota and (quota * 1000000 // (period or 100000) + 9999) // 10000 * 10000
    return { { "CPUQuotaPerSecUSec", "t", second }, { "CPUQuotaPeriodUSec", "t", period } }
  end,
}

-- cgroup2 as resources.files wants to know it.
local UNIFIED = { path = "/", folders = { unified = "/sys/fs/cgroup/" } }

-- The properties of a unit for these limits: a list of values of the type (sv).
local function properties_of(asked)
  local found = {}
  local function add(file, text)
    for _, one in ipairs(PROPERTIES[file] and PROPERTIES[file](text) or {}) do
      if one[3] ~= nil then table.insert(found, { one[1], { one[2], one[3] } }) end
    end
  end
  for _, one in ipairs(resources.files(asked, UNIFIED)) do add(one[2], one[3]) end
  for _, name in ipairs(require "tiny.base.sorted_keys"(asked.unified or {})) do add(name, asked.unified[name]) end
  return found
end

local NUMBERS = { byte = "y", int16 = "n", uint16 = "q", int32 = "i", uint32 = "u", int64 = "x", uint64 = "t" }

-- A value in the text form of GVariant, of a simple type, as a variant; nil for others.
local function variant(text)
  if text == "true" or text == "false" then return { "b", text == "true" } end
  local quoted = text:match "^'([^'\\]*)'$" or text:match '^"([^"\\]*)"$'
  if quoted then return { "s", quoted } end
  if text:match "^%[.*%]$" then
    local words, rest = {}, text:sub(2, -2) .. ","
    rest = rest:gsub("%s*'([^'\\]*)'%s*,", function(word) table.insert(words, word) return "" end)
    return rest == "" and { "as", words } or nil
  end
  local kind, digits = text:match "^(%l+%d*) +(%-?[%d.]+)$"
  if not kind then kind, digits = text:find(".", 1, true) and "double" or "int32", text end
  if not digits:match "^%-?%d+%.?%d*$" then return nil end
  if kind == "double" then return { "d", tonumber(digits) + 0.0 } end
  local code, value = NUMBERS[kind], math.tointeger(tonumber(digits))
  local formats = { y = "<B", n = "<i2", q = "<I2", i = "<i4", u = "<I4", x = "<i8", t = "<I8" }
  if not code or not value or kind:match "^[ub]" and value < 0 or not pcall(string.pack, formats[code], value) then return nil end
  return { code, value }
end

-- The properties that annotations ask for.
local function annotated(annotations)
  local found = {}
  for _, key in ipairs(require "tiny.base.sorted_keys"(annotations or {})) do
    local name = key:sub(1, #PREFIX) == PREFIX and key:sub(#PREFIX + 1)
    if name then
      local where, text = "annotations." .. key, annotations[key]
      if not name:match "^%a%a%a+$" then check.wrong(where, "it is not the name of a property") end
      if OURS[name] then check.wrong(where, "the runtime sets this property itself") end
      local value = variant(text)
      if not value then
        check.wrong(where, ("%s is not a boolean, a number, a string in quotes or a list of strings"):format(tiny.show(text)))
      end
      -- The names in unit files are in seconds, those of D-Bus in microseconds.
      if name:match "%lSec$" and type(value[2]) == "number" then
        name, value = name:gsub("Sec$", "USec"), { "t", math.tointeger(value[2] * 1000000 // 1) }
      end
      table.insert(found, { name, value })
    end
  end
  return found
end

-- Checks, before anything is created, what `start` needs; returns the unit.
function systemd.prepare(config, id, user)
  for name in pairs(tiny.cgroup_of()) do
    if name ~= "unified" and not name:find("=", 1, true) then
      local why = "--systemd-cgroup needs a host with cgroup v2 only: this one has the controller %s on v1"
      tiny.fail { message = why:format(name), hint = HINT }
    end
  end
  local unit = systemd.unit(config.linux.cgroupsPath, id, user)
  annotated(config.annotations)
  connect(user):close()
  return unit
end

-- Starts the unit, with the process `pid` in a scope. It fails if there is such a unit already, which is another's.
function systemd.start(unit, config, id, pid)
  local is_slice = unit.name:match "%.slice$"
  local properties = {
    { "Description", { "s", "tinylua-oci container " .. id } }, { "DefaultDependencies", { "b", false } },
    -- Nothing is left of a unit that has failed.
    { "CollectMode", { "s", "inactive-or-failed" } },
  }
  if is_slice then table.insert(properties, { "Wants", { "as", { unit.slice } } })
  else
    table.insert(properties, { "Slice", { "s", unit.slice } })
    table.insert(properties, { "Delegate", { "b", true } })
    table.insert(properties, { "PIDs", { "au", { pid } } })
  end
  for _, list in ipairs { properties_of(config.linux.resources or {}), annotated(config.annotations) } do
    table.move(list, 1, #list, #properties + 1, properties)
  end
  local manager <close> = connect(unit.user)
  local function start() manager:job("StartTransientUnit", "ssa(sv)a(sa(sv))", unit.name, "replace", properties, {}) end
  local _, err = tiny.try(start)
  if err and err.code == EXISTS then
    -- One that has failed earlier.
    tiny.try(manager.call, manager, "ResetFailedUnit", "s", unit.name)
    _, err = tiny.try(start)
  end
  if err then error(err, 0) end
end

-- The path of a unit's cgroup.
function systemd.group(unit)
  local manager <close> = connect(unit.user)
  local path, kind = manager:call("GetUnit", "s", unit.name), unit.name:match "%.slice$" and ".Slice" or ".Scope"
  local group = manager.bus:call(NAME, path, "org.freedesktop.DBus.Properties", "Get", "ss", NAME .. kind, "ControlGroup")[2]
  if type(group) ~= "string" or not group:find "[^/]" then tiny.fail { message = ("systemd: unit %s has no cgroup"):format(unit.name) } end
  return group
end

-- Changes the limits of a unit until it is stopped.
function systemd.update(unit, asked)
  local properties = properties_of(asked)
  if #properties == 0 then return end
  local manager <close> = connect(unit.user)
  manager:call("SetUnitProperties", "sba(sv)", unit.name, true, properties)
end

-- Stops a unit. Nobody else does it: with its last process a scope ends by itself, but not a slice.
local function stop(unit)
  local manager <close> = connect(unit.user)
  local _, err = tiny.try(manager.job, manager, "StopUnit", "ss", unit.name, "replace")
  if err and err.code ~= NO_UNIT then error(err, 0) end
  tiny.try(manager.call, manager, "ResetFailedUnit", "s", unit.name)
end

-- Stops the unit of a container that is deleted. The cgroup is removed in any case, also if systemd does not answer any more.
function systemd.remove(record)
  local group = record.cgroup and tiny.try(tiny.open_cgroup, record.cgroup)
  if group then tiny.try(tiny.cgroup_kill, group, "10s") end
  local _, err = tiny.try(stop, record.unit)
  if err then require("tiny.format").note("%s", err.message) end
end

return systemd
