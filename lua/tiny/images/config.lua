-- An image's configuration, as defaults of a container's spec. It comes from strangers: each field is checked.
local manifest = require "tiny.images.manifest"

local config = {}

-- The greatest id: 4294967295 means "no change" to the kernel.
local MOST_ID = 4294967294
-- A container's record has the environment and labels, and must remain a small file.
local MOST_TEXT = 256 << 10
-- Bytes of a user, and of each field that a list of images shows.
local MOST_FIELD = 256
-- Nanoseconds in a health check: at most 292 years, as in docker.
local MOST_TIME = 1 << 62
-- The shortest interval of a health check here, in seconds.
local LEAST = 0.1

local wrong, field = manifest.wrong, manifest.field

-- A list of strings without NUL bytes; nil if it is empty.
local function strings(object, key, what)
  local list = field(object, key, "table", what)
  if not list or next(list) == nil then return nil end
  local made, count = {}, 0
  for at, text in pairs(list) do
    count = count + 1
    if math.type(at) ~= "integer" or type(text) ~= "string" or text:find("\0", 1, true) then wrong(what, ("is not valid: %q is not a list of texts"):format(key)) end
    made[at] = text
  end
  if count ~= #made then wrong(what, ("is not valid: %q is not a list of texts"):format(key)) end
  return made
end

local function text(object, key, what)
  local value = field(object, key, "string", what)
  if value and value:find("%c") then wrong(what, ("is not valid: %q has a control character: %s"):format(key, tiny.show(value))) end
  return value ~= "" and value or nil
end

local function short(value, key, what)
  if value and #value > MOST_FIELD then wrong(what, ("is not valid: %q has %d bytes; the limit is %d"):format(key, #value, MOST_FIELD)) end
  return value
end

local function environment(object, what)
  local map
  for _, entry in ipairs(strings(object, "Env", what) or {}) do
    local name, value = entry:match("^([^=]+)=(.*)$")
    -- docker passes such an entry on; to a program it is an empty variable.
    if not name then name, value = entry:match("^([^=]+)$"), "" end
    if not name then wrong(what, ("is not valid: %s is not an environment variable"):format(tiny.show(entry))) end
    map = map or {}
    map[name] = value
  end
  return map
end

-- An id beyond 32 bits would be another user's once it is cut off (CVE-2024-40635).
local function user(object, what)
  local value = short(text(object, "User", what), "User", what)
  if not value then return nil end
  if not value:find("^[^:]+$") and not value:find("^[^:]+:[^:]+$") then wrong(what, ("is not valid: the user %s is not USER or USER:GROUP"):format(tiny.show(value))) end
  for part in value:gmatch("[^:]+") do
    local number = part:find("^[+-]?%d+$") and math.tointeger(tonumber(part))
    if part:find("^[+-]?%d+$") and not (number and number >= 0 and number <= MOST_ID and part:find("^%d")) then
      wrong(what, ("is not valid: the user %s has an id that is not between 0 and %d"):format(tiny.show(value), MOST_ID), "--user chooses another user")
    end
  end
  return value
end

-- An absolute path without "." and "..".
local function path(value, key, what)
  local parts = {}
  for part in value:gmatch("[^/]+") do
    if part == ".." then wrong(what, ("is not valid: %q: %s contains .."):format(key, tiny.show(value))) end
    if part ~= "." then table.insert(parts, part) end
  end
  return "/" .. table.concat(parts, "/")
end

-- The keys of a map from names to empty objects, sorted.
local function names(object, key, what)
  local list = {}
  for name in pairs(field(object, key, "table", what) or {}) do
    if type(name) ~= "string" or name:find("%c") then wrong(what, ("is not valid: %q: %s is not a name"):format(key, tiny.show(name))) end
    table.insert(list, name)
  end
  table.sort(list)
  return list[1] and list or nil
end

local function ports(object, what)
  local list = {}
  for _, name in ipairs(names(object, "ExposedPorts", what) or {}) do
    local first, last, protocol = name:match("^(%d+)%-?(%d*)/?(%l*)$")
    local from, to = tonumber(first), tonumber(last ~= "" and last or first)
    if not from or #first > 5 or #last > 5 or from < 1 or to > 65535 or from > to then wrong(what, ("is not valid: %s is not a port"):format(tiny.show(name))) end
    -- SCTP cannot be published.
    if protocol ~= "sctp" then table.insert(list, name) end
  end
  return list[1] and list or nil
end

local function volumes(object, what)
  local list, known = {}, {}
  for _, name in ipairs(names(object, "Volumes", what) or {}) do
    local place = path(name, "Volumes", what)
    if place == "/" then wrong(what, "is not valid: a volume cannot be mounted on /") end
    if not known[place] then known[place] = table.insert(list, place) or true end
  end
  return list[1] and list or nil
end

local function signal(object, what)
  local value = text(object, "StopSignal", what)
  local number = value and tiny.try(tiny.signal_number, value)
  if value and (not number or number == 0) then wrong(what, ("is not valid: unknown stop signal %s"):format(tiny.show(value)), "--stop-signal chooses another one") end
  return value
end

-- Labels are data for others: a name that could not be shown or filtered is left out here, and `image inspect` shows it.
local function labels(object, what)
  local map
  for name, value in pairs(field(object, "Labels", "table", what) or {}) do
    if type(value) ~= "string" then wrong(what, ("is not valid: the label %s is not a text"):format(tiny.show(name))) end
    if type(name) == "string" and name ~= "" and not name:find("[=%c]") then
      map = map or {}
      map[name] = value
    end
  end
  return map
end

local TIMES = { Interval = "interval", Timeout = "timeout", StartPeriod = "start_period", StartInterval = "start_interval" }

local function health(object, what)
  local given = field(object, "Healthcheck", "table", what)
  local test = given and strings(given, "Test", what)
  if not test or test[1] == "NONE" then return nil end
  local made = {}
  if test[1] == "CMD-SHELL" and #test == 2 then made.command = test[2]
  elseif test[1] == "CMD" and #test > 1 then made.command = table.move(test, 2, #test, 1, {})
  else wrong(what, "is not valid: the health check is neither CMD nor CMD-SHELL", "--health-cmd sets another one") end
  for key, name in pairs(TIMES) do
    local value = field(given, key, "number", what)
    if value and not (value >= 0 and value <= MOST_TIME) then wrong(what, ("is not valid: the health check's %s is %s"):format(key, tiny.show(value))) end
    -- 0 means the default.
    if value and value > 0 then made[name] = math.max(value / 1e9, LEAST) end
  end
  local retries = field(given, "Retries", "number", what)
  if retries and not (math.type(retries) == "integer" and retries >= 0 and retries <= 1 << 31) then
    wrong(what, ("is not valid: the health check's Retries is %s"):format(tiny.show(retries)))
  end
  made.retries = retries and retries > 0 and retries or nil
  return made
end

local function check_size(defaults, what)
  local bytes = 0
  for _, map in ipairs { defaults.env or {}, defaults.labels or {} } do
    for name, value in pairs(map) do bytes = bytes + #name + #value end
  end
  local health = defaults.health and defaults.health.command
  if type(health) == "string" then health = { health } end
  for _, list in ipairs { defaults.entrypoint or {}, defaults.command or {}, defaults.volumes or {}, defaults.expose or {}, health or {}, { defaults.workdir } } do
    for _, value in ipairs(list) do bytes = bytes + #value end
  end
  if bytes > MOST_TEXT then wrong(what, ("has %d bytes of environment, labels, commands, paths and ports; the limit is 256 KiB"):format(bytes)) end
end

-- Reads a configuration: { os, architecture, variant, created, author, diff_ids, history, defaults }. `defaults` has keys of a
-- container's spec, and `volumes` and `expose` as lists of paths and ports. count: the number of layers in the manifest.
function config.parse(source, what, count)
  local object = manifest.decode(source, what)
  local rootfs = field(object, "rootfs", "table", what) or wrong(what, "is not valid: it lists no layers")
  local found = { diff_ids = strings(rootfs, "diff_ids", what) or {}, history = {} }
  for _, key in ipairs { "os", "architecture", "variant", "created" } do found[key] = short(field(object, key, "string", what), key, what) end
  found.author = field(object, "author", "string", what)
  local reference = require "tiny.images.reference"
  for _, id in ipairs(found.diff_ids) do
    if not reference.is_digest(id) then wrong(what, ("is not valid: %s is not a digest"):format(tiny.show(id))) end
  end
  if count and count ~= #found.diff_ids then wrong(what, ("is not valid: it lists %d layers, and the manifest %d"):format(#found.diff_ids, count)) end
  for at, entry in ipairs(field(object, "history", "table", what) or {}) do
    if type(entry) ~= "table" then wrong(what, "is not valid: the history is not a list of objects") end
    local one = { empty = field(entry, "empty_layer", "boolean", what) or nil }
    for _, key in ipairs { "created", "created_by", "comment", "author" } do one[key] = field(entry, key, "string", what) end
    found.history[at] = one
  end
  local given = field(object, "config", "table", what) or {}
  local workdir = text(given, "WorkingDir", what)
  found.defaults = {
    entrypoint = strings(given, "Entrypoint", what), command = strings(given, "Cmd", what), env = environment(given, what),
    workdir = workdir and path(workdir, "WorkingDir", what), user = user(given, what), expose = ports(given, what),
    volumes = volumes(given, what), stop_signal = signal(given, what), health = health(given, what), labels = labels(given, what),
  }
  if found.defaults.entrypoint and found.defaults.entrypoint[1] == "" then wrong(what, "is not valid: the entrypoint is empty", "--entrypoint sets another one") end
  check_size(found.defaults, what)
  return found
end

return config
