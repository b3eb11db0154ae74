-- The filters of `ps --filter`, with docker's meaning: filters of one key are alternatives, those of different keys and all labels
-- must hold together.
local state = require "tiny.state"

local function one_of(list)
  local known = {}
  for _, value in ipairs(list) do known[value] = true end
  return function(key, value)
    if not known[value] then
      tiny.fail { message = ("--filter %s=%s is not one of %s"):format(key, tiny.show(value), table.concat(list, ", ")), exit = 2 }
    end
  end
end

-- A part of the name, or with ^ and $ its beginning and end. Docker takes a regular expression, which would otherwise match nothing.
local function check_name(_, value)
  if value:find("[][*+?(){}|\\]") or value:find("^", 2, true) or value:sub(1, -2):find("$", 1, true) then
    tiny.fail { message = ("--filter name=%s is a regular expression"):format(tiny.show(value)), exit = 2,
      hint = "name= takes a part of the name; ^ at its beginning and $ at its end anchor it" }
  end
end

local function named(c, value)
  local name = c.config.name or ""
  local first, last = value:sub(1, 1) == "^", value:sub(-1) == "$"
  local text = value:sub(first and 2 or 1, last and -2 or -1)
  if first and last then return name == text end
  if first then return name:sub(1, #text) == text end
  if last then return text == "" or name:sub(-#text) == text end
  return name:find(text, 1, true) ~= nil
end

-- Stopped by `stop` is one way to have exited.
local function has_status(c, value)
  local word = state.word(c)
  return word == value or value == "exited" and word == "stopped" or value == "damaged" and c.damage ~= nil
end

local function in_network(c, value)
  for _, network in ipairs(c.config.networks or {}) do
    if network.name == value then return true end
  end
  return c.config.network == value
end

local function has_volume(c, value)
  for _, text in ipairs(c.config.volumes or {}) do
    local source, target = text:match("^([^:]+):([^:]+)")
    if source == value or target == value then return true end
  end
  for _, mount in ipairs(c.config.mounts or {}) do
    if type(mount) == "table" and (mount.source == value or mount.target == value) then return true end
  end
  return false
end

-- "80", "80/udp" or "8000-8010/tcp".
local function parse_port(key, value)
  local from, to, proto = value:match("^(%d+)%-?(%d*)/?(%a*)$")
  if not from or proto ~= "" and proto ~= "tcp" and proto ~= "udp" then
    tiny.fail { message = ("--filter %s=%s is not PORT, FROM-TO or PORT/udp"):format(key, tiny.show(value)), exit = 2 }
  end
  return tonumber(from), tonumber(to) or tonumber(from), proto ~= "" and proto or "tcp"
end

-- Docker's word for the image of a container: its name, or the beginning of its id or digest.
local function of_image(c, _, wanted)
  local from = c.config.from_image
  if not from then return false end
  if from.name == wanted.full then return true end
  return wanted.id and (from.id:sub(8, 7 + #wanted.id) == wanted.id or from.manifest:sub(8, 7 + #wanted.id) == wanted.id) or false
end

local function parse_image(_, value)
  local reference = require "tiny.images.reference"
  local ref = tiny.try(reference.parse, value)
  return { full = ref and not ref.transport and reference.full(ref), id = (value:gsub("^sha256:", "")):match("^%x+$") }
end

local function published(c, value)
  local from, to, proto = parse_port("publish", value)
  for _, port in ipairs(c.state.ports or {}) do
    if port.port >= from and port.port <= to and port.proto == proto then return true end
  end
  return false
end

local function check_number(key, value)
  if not value:find("^%d+$") then tiny.fail { message = ("--filter %s=%s is not an exit status"):format(key, tiny.show(value)), exit = 2 } end
end

-- The time of creation of the container that a filter names.
local function created(_, ref) return state.find_any(ref).config.created_at or "" end

-- For each key: whether a container matches; a check of the value, whose result is passed on; and whether all values must match.
local FILTERS = {
  id = { function(c, v) return c.id:sub(1, #v) == v end },
  name = { named, check_name },
  label = { function(c, v) return require("tiny.spec.pairs").labelled(c.config.labels, v) end, all = true },
  status = { has_status, one_of { "created", "starting", "running", "paused", "restarting", "exited", "stopped", "damaged" } },
  exited = { function(c, v) return (c.state.status == "exited" or c.state.status == "stopped") and c.state.exit_code == tonumber(v) end, check_number },
  health = { function(c, v) return (c.state.health or "none") == v end, one_of { "starting", "healthy", "unhealthy", "none" } },
  network = { in_network },
  volume = { has_volume },
  ancestor = { of_image, parse_image },
  publish = { published, parse_port },
  before = { function(c, _, time) return (c.config.created_at or "") < time end, created },
  since = { function(c, _, time) return (c.config.created_at or "") > time end, created },
  project = { function(c, v) return (c.config.labels or {})["tinylua.project"] == v end },
}

local filters = {}

-- The keys, sorted.
function filters.keys()
  local keys = {}
  for key in pairs(FILTERS) do table.insert(keys, key) end
  table.sort(keys)
  return keys
end

-- The tests of a list of filters such as "name=web": each takes a container, and all must hold.
function filters.of(list)
  local by, tests = {}, {}
  for _, text in ipairs(list) do
    local key, value = text:match("^([^=]+)=(.+)$")
    local filter = FILTERS[key]
      or tiny.fail { message = ("--filter %s is not KEY=VALUE with one of the keys %s"):format(tiny.show(text), table.concat(filters.keys(), ", ")), exit = 2 }
    local checked = filter[2] and filter[2](key, value)
    local function test(c) return filter[1](c, value, checked) end
    if filter.all or not by[key] then
      by[key] = { test }
      table.insert(tests, by[key])
    else
      table.insert(by[key], test)
    end
  end
  local all = {}
  for i, alternatives in ipairs(tests) do
    all[i] = function(c)
      for _, test in ipairs(alternatives) do
        if test(c) then return true end
      end
      return false
    end
  end
  return all
end

return filters
