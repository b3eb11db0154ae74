-- A topology: containers and networks that belong together, declared in one recipe. This module checks the declaration and
-- makes each container's final spec; tiny.compose.project runs it.
local sorted_keys = require "tiny.base.sorted_keys"
local values = require "tiny.spec.values"

local topology = {}
local Topology = {}
Topology.__index = Topology
Topology.__name = "topology"

local KEYS = { name = "string", containers = "table", networks = "table", volumes = "table" }
local NETWORK = { subnet = "string", gateway = "string", ipv6 = "boolean", subnet6 = "string", gateway6 = "string", internal = "boolean", isolate = "boolean", mtu = "integer" }
local VOLUME = { name = "string", external = "boolean", labels = "pairs", driver = "string" }
-- Additional keys of a container, besides those of container.new.
local OWN = { scale = "integer", needs = "strings", ready = "ready", ready_timeout = "duration" }
local READY = { port = "integer", log = "string", health = "boolean", exit = "integer" }
topology.KEYS = { topology = KEYS, network = NETWORK, volume = VOLUME, service = OWN, ready = READY }

local function wrong(at, message, hint)
  tiny.fail { at = at, message = message, hint = hint, exit = 125 }
end

-- Creates the topology that a recipe returns.
function topology.new(asked)
  local where = tiny.caller()
  require("tiny.spec.schema").check("topology.new", asked, KEYS, where)
  return setmetatable({ asked = asked, where = where }, Topology)
end

function topology.is(value)
  return getmetatable(value) == Topology
end

local function check_ready(self, name, ready)
  if ready == nil or type(ready) == "function" then return end
  if type(ready) ~= "table" then wrong(self.where, ("containers: %s: ready must be a function or a table"):format(name), "such as { port = 80 } or { log = \"listening\" }") end
  require("tiny.spec.schema").check(("containers: %s: ready"):format(name), ready, READY, self.where)
  if next(ready) == nil then wrong(self.where, ("containers: %s: ready is empty"):format(name), "set port, log, health or exit") end
end

-- The networks of a container by their names on this host. Names that the topology does not declare are existing networks or
-- keywords.
local function networks_of(self, service, short, asked)
  local list = {}
  local wanted = asked.network or (next(self.asked.networks or {}) == nil and "default" or nil)
  if wanted == nil then wrong(self.where, ("containers: %s: network is missing"):format(service), "its networks are " .. table.concat(sorted_keys(self.asked.networks), ", ")) end
  for _, item in ipairs((type(wanted) == "table" and not wanted.name) and wanted or { wanted }) do
    local options = {}
    for key, value in pairs(type(item) == "table" and item or { name = item }) do options[key] = value end
    if self.networks[options.name] then
      options.name = self.networks[options.name].full
      local aliases = { service, short ~= service and short or nil }
      options.aliases = table.move(options.aliases or {}, 1, #(options.aliases or {}), #aliases + 1, aliases)
      table.insert(list, options)
    else
      table.insert(list, type(item) == "table" and options or item)
    end
  end
  return list
end

-- The volumes of a container by their names on this host. Names that the topology does not declare are other volumes.
local function volumes_of(self, asked)
  local list = {}
  for i, text in ipairs(asked.volumes or {}) do
    local source, rest = text:match("^([%w][%w_.-]*)(:.*)$")
    local volume = source and self.volumes[source]
    list[i] = volume and volume.full .. rest or text
  end
  return #list > 0 and list or nil
end

-- Likewise for `mounts`.
local function mounts_of(self, asked)
  local list = {}
  for i, mount in ipairs(asked.mounts or {}) do
    if type(mount) == "table" then
      local copy = {}
      for key, value in pairs(mount) do copy[key] = value end
      local volume = (mount.type or "volume") == "volume" and self.volumes[mount.source]
      if volume then copy.source = volume.full end
      list[i] = copy
    else
      local before, source, rest = ("," .. tostring(mount)):match("^(.*,so?u?rce?=)([^,]*)(.*)$")
      local volume = source and self.volumes[source]
      list[i] = volume and (before .. volume.full .. rest):sub(2) or mount
    end
  end
  return #list > 0 and list or nil
end

-- A string that shows whether a container's description has changed. Of a function, only its code counts.
local function fingerprint(value)
  if type(value) == "function" then return tiny.show(string.dump(value, true)) end
  if type(value) ~= "table" then return tiny.show(value) end
  local parts = {}
  for key, item in pairs(value) do table.insert(parts, tiny.show(key) .. "=" .. fingerprint(item)) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

-- A short hash of a text (64-bit FNV-1a), to detect changes; not resistant against attacks.
local function digest(text)
  local sum = 0xcbf29ce484222325
  for i = 1, #text do sum = (sum ~ text:byte(i)) * 0x100000001b3 end
  return ("%016x"):format(sum)
end

-- The spec of one instance of a service.
local function instance(self, service, asked, n)
  local short = n and ("%s-%d"):format(service, n) or service
  local made = {}
  for key, value in pairs(asked) do made[key] = not OWN[key] and value or nil end
  made.network, made.volumes, made.mounts = networks_of(self, service, short, asked), volumes_of(self, asked), mounts_of(self, asked)
  made.name, made.hostname = ("%s-%s"):format(self.name, short), asked.hostname or short
  local hash = digest(fingerprint(made))
  made.labels = { ["tinylua.project"] = self.name, ["tinylua.service"] = service, ["tinylua.hash"] = hash }
  for key, value in pairs(asked.labels or {}) do made.labels[key] = value end
  return { name = made.name, short = short, service = service, spec = made, hash = hash, needs = asked.needs or {}, ready = asked.ready, patience = tiny.parse_duration(asked.ready_timeout or 60) }
end

local function declare_networks(self)
  local declared = self.asked.networks or {}
  self.networks = {}
  for name, asked in pairs(next(declared) and declared or { default = {} }) do
    require("tiny.spec.schema").check(("networks: %s"):format(name), asked, NETWORK, self.where)
    self.networks[name] = { full = ("%s-%s"):format(self.name, name), asked = asked }
  end
end

local function declare_volumes(self)
  self.volumes = {}
  for name, asked in pairs(self.asked.volumes or {}) do
    require("tiny.spec.schema").check(("volumes: %s"):format(tostring(name)), asked, VOLUME, self.where)
    values.check_name(name)
    if asked.driver and asked.driver ~= "local" then
      wrong(self.where, ("volumes: %s: there is no volume driver %s"):format(name, tiny.show(asked.driver)), "local is the only one; leave it out")
    end
    local full = asked.name or (asked.external and name or ("%s-%s"):format(self.name, name))
    values.check_name(full)
    local labels = { ["tinylua.project"] = self.name }
    for key, value in pairs(values.map("labels", asked.labels) or {}) do labels[key] = value end
    self.volumes[name] = { full = full, external = asked.external, labels = labels }
  end
end

-- Checks that dependencies exist and are not circular. Depth-first search: 1 in progress, 2 done.
local function check_needs(self)
  local containers = self.asked.containers
  local seen = {}
  local function visit(name, way)
    if seen[name] == 2 then return end
    way = way .. name
    if seen[name] == 1 then wrong(self.where, "containers: circular dependency: " .. way) end
    seen[name] = 1
    for _, need in ipairs(containers[name].needs or {}) do
      if not containers[need] then
        local near = tiny.did_you_mean(need, sorted_keys(containers))
        wrong(self.where, ("containers: %s needs %s, which does not exist"):format(name, need) .. (near and ("; did you mean %q?"):format(near) or ""))
      end
      visit(need, way .. " → ")
    end
    seen[name] = 2
  end
  for _, name in ipairs(sorted_keys(containers)) do visit(name, "") end
end
topology.check_needs = check_needs

-- Checks a container's spec except for its networks, which may not exist yet.
local function check_spec(self, made)
  local copy = {}
  for key, value in pairs(made) do copy[key] = value end
  for _, key in ipairs(require("tiny.spec.derived").of_networks()) do copy[key] = nil end
  local _, err = tiny.try(require "tiny.pipeline.check", copy)
  if not err then return end
  err.at = self.where
  err.message = ("%s: %s"):format(made.name, err.message)
  error(err, 0)
end

-- Checks everything and makes the instances; `fallback` names a topology without a name. `known_good`: what this host must have
-- for the containers is not looked for.
function topology.resolve(self, fallback, known_good)
  self.name = self.asked.name or fallback
  values.check_name(self.name)
  if not self.asked.containers or next(self.asked.containers) == nil then wrong(self.where, "the topology has no containers") end
  local known = {}
  for key, kind in pairs(require("tiny.spec.derived").types()) do known[key] = kind end
  for key, kind in pairs(OWN) do known[key] = kind end
  declare_networks(self)
  declare_volumes(self)
  for _, name in ipairs(sorted_keys(self.asked.containers)) do
    if type(name) ~= "string" then wrong(self.where, ("containers: [%s] has no name"):format(tiny.show(name)), "name each of them: containers = { web = { … } }") end
    values.check_name(name)
    require("tiny.spec.schema").check("containers: " .. name, self.asked.containers[name], known, self.where)
    check_ready(self, name, self.asked.containers[name].ready)
  end
  check_needs(self)
  self.instances = {}
  for _, name in ipairs(sorted_keys(self.asked.containers)) do
    local asked = self.asked.containers[name]
    if asked.scale and (asked.scale < 0 or asked.scale > 1000) then wrong(self.where, ("containers: %s: scale must be from 0 to 1000"):format(name)) end
    for n = 1, asked.scale or 1 do table.insert(self.instances, instance(self, name, asked, asked.scale and n)) end
  end
  for _, one in ipairs(known_good and {} or self.instances) do check_spec(self, one.spec) end
  return self
end

-- The spec of one container, for a supervisor that restarts it from the stored recipe.
function topology.part(self, project, name)
  for _, one in ipairs(topology.resolve(self, project, true).instances) do
    if one.name == name then return one.spec end
  end
  tiny.fail { message = ("the topology no longer has a container %s"):format(name) }
end

return topology
