-- Which servers an image is fetched from, and how: the user's and the system's registries.lua, registries.conf and certs.d.
--   return {
--     short_names = { app = "registry.example/team/app" },
--     registries = {
--       ["docker.io"] = { mirrors = { "mirror.example:5000" } },
--       ["registry.example"] = { ca = "/etc/ssl/example.crt", timeout = "20s" },
--     },
--     layer_limits = { max_bytes = "1t" },
--     rewrite = function(ref) if ref.registry == "quay.io" then ref.registry = "cache.example" end end,
--   }
local reference = require "tiny.images.reference"
local registries_conf = require "tiny.images.registries_conf"

local registries = {}

local DEFAULTS = { timeout = "20s", stall = "30s", attempts = 5, parallel = 3 }
-- Where distributions keep the certificates of public authorities.
local BUNDLES = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem" }

local LIMITS = { timeout = "duration", stall = "duration", attempts = "count", parallel = "count" }
local OF_FILE = { short_names = "table", registries = "table", rewrite = "function", layer_limits = "table" }
-- What a layer may use (tiny.images.unpack).
local OF_LAYER = { max_entries = "positive", max_bytes = "size", max_ratio = "positive" }
local OF_REGISTRY = { mirrors = "list", insecure = "boolean", scheme = "scheme", ca = "list", cert = "string", key = "string", blocked = "boolean", realms = "list" }
for key, kind in pairs(LIMITS) do OF_FILE[key], OF_REGISTRY[key] = kind, kind end
local OF_MIRROR = { host = "string" }
for key, kind in pairs(OF_REGISTRY) do OF_MIRROR[key] = key ~= "mirrors" and kind or nil end

local FITS = {
  duration = function(v) return tiny.try(tiny.parse_duration, v) ~= nil end,
  count = function(v) return math.type(v) == "integer" and v > 0 and v <= 100 end,
  positive = function(v) return math.type(v) == "integer" and v > 0 end,
  size = function(v) return (tiny.parse_size(v) or 0) > 0 end,
  scheme = function(v) return v == "http" or v == "https" end,
  list = function(v) return type(v) == "string" or type(v) == "table" end,
}
local DESCRIBED = {
  positive = "a whole number above 0", size = 'a size such as "512g"', duration = 'a duration such as "20s"', count = "a whole number from 1 to 100", scheme = '"http" or "https"', list = "a string or a list",
}

local function wrong(path, why, hint)
  tiny.fail { message = ("%s: %s"):format(path, why), hint = hint or "`tinylua doc tiny.images.registries` shows an example", exit = 125 }
end

local function check(path, where, values, keys)
  if type(values) ~= "table" then wrong(path, ("%s is not a table"):format(where)) end
  for key, value in pairs(values) do
    local kind = keys[key]
    if not kind then
      local known = {}
      for name in pairs(keys) do table.insert(known, name) end
      local near = tiny.did_you_mean(tostring(key), known)
      wrong(path, ("%s has no key %s"):format(where, tiny.show(key)), near and ("did you mean %s?"):format(near))
    end
    local fits = FITS[kind] or function(v) return type(v) == kind end
    if not fits(value) then wrong(path, ("%s: %s is not %s"):format(where, key, DESCRIBED[kind] or "a " .. kind)) end
  end
end

local function list_of(value)
  return type(value) == "string" and { value } or value or {}
end

-- The file computes nothing but names: it has no access to files, processes and the network.
local SAFE = { string = string, table = table, math = math, ipairs = ipairs, pairs = pairs, tostring = tostring, tonumber = tonumber, type = type, select = select, next = next }

-- The checked content of a registries.lua; nil if there is none.
function registries.read(path)
  local text = tiny.read_file(path)
  if not text then return nil end
  local chunk, why = load(text, "@" .. path, "t", setmetatable({}, { __index = SAFE }))
  if not chunk then tiny.fail { message = why, exit = 125 } end
  local content, failed = tiny.try(chunk)
  if failed then wrong(path, failed.message or tostring(failed)) end
  check(path, "the file", content, OF_FILE)
  for name, target in pairs(content.short_names or {}) do
    if type(name) ~= "string" or type(target) ~= "string" then wrong(path, 'short_names has entries such as app = "registry.example/app"') end
  end
  check(path, "layer_limits", content.layer_limits or {}, OF_LAYER)
  for host, entry in pairs(content.registries or {}) do
    check(path, ("registries[%s]"):format(tiny.show(host)), entry, OF_REGISTRY)
    for _, mirror in ipairs(list_of(entry.mirrors)) do
      if type(mirror) == "table" then
        check(path, ("a mirror of %s"):format(host), mirror, OF_MIRROR)
        if not mirror.host then wrong(path, ("a mirror of %s has no host"):format(host)) end
      end
    end
  end
  content.path = path
  return content
end

local loaded

-- The settings of the system and then of the user, whose entries replace those of the same name.
function registries.settings()
  if loaded then return loaded end
  local settings = { short_names = {}, registries = {}, layer_limits = {}, conf = registries_conf.load() }
  for key, value in pairs(DEFAULTS) do settings[key] = value end
  local own = tiny.config_dir()
  local paths = { "/etc/tinylua/registries.lua", own and own ~= "/etc/tinylua" and own .. "/registries.lua" or nil }
  for _, path in ipairs(paths) do
    local content = registries.read(path) or {}
    for key in pairs(LIMITS) do
      if content[key] ~= nil then settings[key] = content[key] end
    end
    for _, key in ipairs { "short_names", "registries", "layer_limits" } do
      for name, value in pairs(content[key] or {}) do settings[key][name] = value end
    end
    if content.rewrite then settings.rewrite, settings.rewritten_by = content.rewrite, path end
  end
  loaded = settings
  return settings
end

-- Reads the files again when they are needed next.
function registries.reload() loaded = nil end

-- Parsed text keeps the tag and digest of the name that it replaces.
local function renamed(text, ref)
  local other = reference.parse(text)
  if other.transport then tiny.fail { message = ("%s is not in a registry: a name can only stand for one that is"):format(tiny.show(text)), exit = 125 } end
  local own_tag = text:find(":[^/]*$") or text:find("@", 1, true)
  other.tag, other.digest, other.short = own_tag and other.tag or ref.tag, own_tag and other.digest or ref.digest, nil
  return other
end

-- Applies `rewrite` to a parsed name.
local function rewritten(settings, ref)
  if not settings.rewrite then return ref end
  local copy = { registry = ref.registry, repository = ref.repository, tag = ref.tag, digest = ref.digest }
  local result, err = tiny.try(settings.rewrite, copy)
  if err then wrong(settings.rewritten_by, ("rewrite fails for %s: %s"):format(reference.familiar(ref), err.message or tostring(err))) end
  if type(result) == "string" then return renamed(result, ref) end
  if result ~= nil and type(result) ~= "table" then wrong(settings.rewritten_by, "rewrite returns neither a name nor a table") end
  local made, refused = tiny.try(function() return reference.full(result or copy) end)
  if refused then wrong(settings.rewritten_by, "rewrite returns a table without registry and repository") end
  return reference.parse(made)
end

-- The names that a parsed name may stand for, in the order in which they are tried: short names, the registries that are searched
-- for them, and `rewrite` applied. Also returns whether the host's configuration wants one of several to be chosen by the user.
function registries.candidates(ref)
  if ref.transport then return { ref } end
  local settings = registries.settings()
  local search, list = settings.conf.search, { ref }
  if ref.short then
    local name = reference.short(ref)
    local target = settings.short_names[name] or settings.conf.aliases[name]
    if target then list = { renamed(target, ref) }
    elseif type(search) == "table" and search[1] then
      for i, registry in ipairs(search) do list[i] = renamed(registry .. "/" .. name, ref) end
    end
  end
  for i, one in ipairs(list) do list[i] = rewritten(settings, one) end
  return list, #list > 1 and settings.conf.short_name_mode == "enforcing"
end

-- The first name that a parsed name stands for.
function registries.resolve(ref)
  return registries.candidates(ref)[1]
end

-- Whether a server is on this machine: docker and the HTTP standards trust it without TLS.
function registries.is_loopback(host)
  local name = host:match("^%[(.*)%]") or host:match("^[^:]*")
  return name == "localhost" or name:find("%.localhost$") ~= nil or name:find("^127%.%d+%.%d+%.%d+$") ~= nil or name == "::1"
end

-- The certificate files for a server below a certs.d: *.crt are authorities, *.cert and *.key belong to this client.
local function certs_d(source)
  local home = os.getenv "HOME"
  local folders = { home and home .. "/.config/containers/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d" }
  for i = 1, 3 do
    local folder = folders[i] and folders[i] .. "/" .. source.host
    for _, name in ipairs(folder and tiny.list_dir(folder) or {}) do
      local path = folder .. "/" .. name
      if name:find("%.crt$") then table.insert(source.ca, path) end
      local stem = name:match("^(.+)%.cert$")
      if stem and not source.cert then
        source.cert, source.key = path, folder .. "/" .. stem .. ".key"
        if not tiny.stat(source.key) then
          tiny.fail { message = ("%s has no key: %s is missing"):format(path, source.key), hint = "put the private key there, or remove the certificate", exit = 125 }
        end
      end
    end
  end
end

local function bundle()
  local named = os.getenv "SSL_CERT_FILE"
  if named and named ~= "" then return named end
  for _, path in ipairs(BUNDLES) do
    if tiny.stat(path) then return path end
  end
  return nil
end

-- A server with its settings. Docker Hub's API has a name of its own.
local function source_of(settings, registry, repository, entry, more)
  local source = { registry = registry, host = registry == "docker.io" and "registry-1.docker.io" or registry, repository = repository, ca = {} }
  for key in pairs(LIMITS) do source[key] = entry[key] ~= nil and entry[key] or settings[key] end
  source.ca = { bundle() }
  for _, path in ipairs(list_of(entry.ca)) do table.insert(source.ca, path) end
  source.cert, source.key, source.realms = entry.cert, entry.key, list_of(entry.realms)
  certs_d(source)
  source.insecure = entry.insecure
  if source.insecure == nil and not entry.scheme then source.insecure = registries.is_loopback(source.host) end
  source.insecure = source.insecure or false
  -- An insecure server is tried with TLS first; what it has is remembered here.
  source.scheme = entry.scheme or "https"
  source.may_fall_back = source.insecure and not entry.scheme
  for key, value in pairs(more) do source[key] = value end
  return source
end

local function split(name)
  local host, repository = name:match("^([^/]+)/(.+)$")
  return host or name, repository or ""
end

-- The servers of an image, in the order in which they are tried: mirrors first.
function registries.sources(ref)
  local settings = registries.settings()
  local more = { image = reference.familiar(ref) }
  local name = ref.registry .. "/" .. ref.repository
  local entry = settings.registries[ref.registry] or {}
  local conf, prefix = registries_conf.match(settings.conf, name)
  conf = conf or {}
  if entry.blocked or conf.blocked then
    tiny.fail { message = ("%s: %s is blocked by the configuration of this host"):format(more.image, ref.registry), hint = "see registries.lua and registries.conf", exit = 125 }
  end
  local list = {}
  for _, mirror in ipairs(list_of(entry.mirrors)) do
    local own = type(mirror) == "table" and mirror or settings.registries[mirror] or {}
    local host, below = split(type(mirror) == "table" and mirror.host or mirror)
    local repository = below == "" and ref.repository or below .. "/" .. ref.repository
    table.insert(list, source_of(settings, host, repository, own, { image = more.image, mirror = true }))
  end
  for _, mirror in ipairs(conf.mirror or {}) do
    local only = mirror["pull-from-mirror"]
    local fits = not (only == "digest-only" and not ref.digest or only == "tag-only" and ref.digest or conf["mirror-by-digest-only"] and not ref.digest)
    if mirror.location and fits then
      local host, repository = split(registries_conf.relocate(name, prefix, mirror.location))
      local own = settings.registries[host] or { insecure = mirror.insecure }
      table.insert(list, source_of(settings, host, repository, own, { image = more.image, mirror = true }))
    end
  end
  local host, repository = split(prefix and registries_conf.relocate(name, prefix, conf.location) or name)
  local own = { insecure = conf.insecure }
  for key, value in pairs(settings.registries[host] or entry) do own[key] = value end
  table.insert(list, source_of(settings, host, repository, own, more))
  return list
end

-- A registry without an image, as for `login` and `search`.
function registries.server(registry)
  if registry == "index.docker.io" or registry == "registry-1.docker.io" then registry = "docker.io" end
  local settings = registries.settings()
  local entry = settings.registries[registry] or {}
  local conf = registries_conf.match(settings.conf, registry) or {}
  local own = { insecure = conf.insecure }
  for key, value in pairs(entry) do own[key] = value end
  return source_of(settings, registry, nil, own, {})
end

return registries
