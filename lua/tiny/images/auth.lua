-- Credentials for registries, from the files of docker and podman and their credential helpers; and what a registry asks for.
-- A password goes to its registry, and to that registry's token server if it is of the same site.
local base64 = require "tiny.base.base64"

local auth = {}

local HUB_KEY = "https://index.docker.io/v1/"
local PRIVATE_FILE = tonumber("600", 8)
-- Seconds that a credential helper may take: it may ask a person to unlock a key ring.
auth.HELPER_LIMIT = 60
local LARGEST = 1 << 20

-- The name of a registry as a key of these files: without scheme, path of the API and final slash.
local function bare(key)
  local host = key:gsub("^https?://", ""):gsub("/v[12]/?$", ""):gsub("/$", "")
  return (host == "index.docker.io" or host == "registry-1.docker.io") and "docker.io" or host
end

-- A registry as people name it on the command line, without scheme and path; fails if it is no host.
function auth.registry_name(text)
  local name = bare(text)
  if name:find("[/%s%c@]") or name == "" then
    tiny.fail { message = ("%s is not a registry"):format(tiny.show(text)), hint = "such as ghcr.io or registry.example:5000", exit = 125 }
  end
  return name
end

-- The files that are read, in their order; `login` writes the first that exists, or the last.
function auth.files()
  local home = os.getenv "HOME"
  local list = {}
  local function add(folder, name) if folder and folder ~= "" then table.insert(list, folder .. name) end end
  local named = os.getenv "REGISTRY_AUTH_FILE"
  if named and named ~= "" then return { named } end
  local run = os.getenv "XDG_RUNTIME_DIR"
  add(run and run ~= "" and run or tiny.getuid() == 0 and "/run" or nil, tiny.getuid() == 0 and not run and "/containers/0/auth.json" or "/containers/auth.json")
  local config = os.getenv "XDG_CONFIG_HOME"
  add(config and config ~= "" and config or home and home .. "/.config", "/containers/auth.json")
  add(os.getenv "DOCKER_CONFIG" or home and home .. "/.docker", "/config.json")
  return list
end

-- The content of a file; {} if it is missing.
local function read(path)
  local text, err = tiny.try(tiny.read_file, path)
  if not text then
    if not err then return {}, false end
    tiny.fail { message = ("the credentials in %s cannot be read: %s"):format(path, err.code), hint = ("check its owner and mode: `ls -l %s`"):format(path), exit = 125 }
  end
  local content, why = #text <= LARGEST and tiny.json_decode(text)
  if type(content) ~= "table" then
    tiny.fail { message = ("the credentials in %s are not valid JSON: %s"):format(path, why or "it is no object"), hint = "correct the file, or remove it and log in again", exit = 125 }
  end
  return content, true
end

local function object(value) return type(value) == "table" and value or {} end

-- Runs a credential helper; returns its output, or nil and the reason.
local function run_helper(name, verb, input)
  if not name:find("^[%w_.-]+$") then return nil, ("%s is not the name of a helper"):format(tiny.show(name)) end
  local program = "docker-credential-" .. name
  local from, into = tiny.pipe()
  local out, out_end = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(from, 0)
    tiny.dup2(out_end, 1)
    tiny.exec { program, verb }
  end)
  from:close()
  out_end:close()
  tiny.try(into.write, into, input)
  into:close()
  local parts, deadline = {}, tiny.clock "monotonic" + auth.HELPER_LIMIT
  while true do
    local left = deadline - tiny.clock "monotonic"
    if left <= 0 or #tiny.poll({ out }, left) == 0 then return nil, ("%s did not end after %s s"):format(program, auth.HELPER_LIMIT) end
    local bytes = out:read()
    if not bytes then break end
    table.insert(parts, bytes)
    if #parts > 64 then return nil, ("%s prints too much"):format(program) end
  end
  local status, err = tiny.try(child.wait, child, math.max(deadline - tiny.clock "monotonic", 0.1))
  local text = table.concat(parts)
  if err then return nil, ("%s: %s"):format(program, err.code == "ENOENT" and "no such program" or err.message) end
  if status ~= 0 then return nil, text ~= "" and text:match("^%s*(.-)%s*$") or ("%s ended with status %s"):format(program, tostring(status)) end
  return text
end

-- The helper of a registry in a file's content, and the name by which it knows the registry.
local function helper_of(content, key)
  for name, helper in pairs(object(content.credHelpers)) do
    if bare(name) == key then return helper, name end
  end
  local store = content.credsStore
  if type(store) == "string" and store ~= "" then return store, key == "docker.io" and HUB_KEY or key end
  return nil
end

local function from_helper(path, helper, name)
  local text, why = run_helper(helper, "get", name)
  if not text then
    if why:find("credentials not found", 1, true) then return nil end
    tiny.fail { message = ("the credential helper of %s fails: %s"):format(name, why), hint = ("it is named in %s"):format(path), exit = 125 }
  end
  local found = tiny.json_decode(text)
  if type(found) ~= "table" or type(found.Username) ~= "string" or type(found.Secret) ~= "string" then
    tiny.fail { message = ("the credential helper of %s prints no Username and Secret"):format(name), hint = ("it is named in %s"):format(path), exit = 125 }
  end
  if found.Username == "<token>" then return { identity = found.Secret, path = path } end
  return { user = found.Username, password = found.Secret, path = path }
end

local function from_entry(path, name, entry)
  local text = type(entry.auth) == "string" and entry.auth ~= "" and base64.decode(entry.auth)
  local user, password = (text or ""):match("^([^:]*):(.*)$")
  if type(entry.identitytoken) == "string" and entry.identitytoken ~= "" then return { identity = entry.identitytoken, user = user, path = path } end
  if text == nil or text and not user then
    tiny.fail { message = ("the entry of %s in %s is damaged"):format(name, path), hint = ("`tinylua login %s` writes it again"):format(name), exit = 125 }
  end
  return user and user ~= "" and { user = user, password = (password:gsub("%z+$", "")), path = path } or nil
end

-- The credentials for a registry, or for one of its repositories if there are separate ones; nil if there are none.
function auth.find(registry, repository)
  -- Podman's files may have entries for namespaces; the longest one counts.
  local keys, name = {}, bare(registry) .. (repository and "/" .. repository or "")
  while name do
    table.insert(keys, name)
    name = name:match("^(.+)/[^/]*$")
  end
  for _, path in ipairs(auth.files()) do
    local content = read(path)
    for _, key in ipairs(keys) do
      local helper, known_as = helper_of(content, key)
      -- A store of all credentials is asked for hosts only.
      if helper and not key:find("/", 1, true) then
        local found = from_helper(path, helper, known_as)
        if found then return found end
      end
      for entry_name, entry in pairs(object(content.auths)) do
        if bare(entry_name) == key then
          local found = from_entry(path, entry_name, object(entry))
          if found then return found end
        end
      end
    end
  end
  return nil
end

-- Stores credentials; returns where.
function auth.store(registry, user, password)
  local key = bare(registry)
  local files = auth.files()
  local path = files[#files]
  for _, candidate in ipairs(files) do
    if tiny.stat(candidate) then path = candidate break end
  end
  if not path then tiny.fail { message = "there is no place for credentials: HOME is not set", hint = "set it, or REGISTRY_AUTH_FILE", exit = 125 } end
  local folder = path:match("^(.*)/[^/]*$")
  if folder and folder ~= "" then tiny.mkdir(folder, { parents = true, mode = tonumber("700", 8) }) end
  local lock <close> = tiny.flock(path .. ".lock")
  local content = read(path)
  local helper, name = helper_of(content, key)
  if helper then
    local _, why = run_helper(helper, "store", tiny.json_encode { ServerURL = name, Username = user, Secret = password })
    if why then tiny.fail { message = ("docker-credential-%s does not store the credentials: %s"):format(helper, why), hint = ("it is named in %s"):format(path), exit = 125 } end
    return "docker-credential-" .. helper
  end
  content.auths = object(content.auths)
  local docker = path:find("/config%.json$") and key == "docker.io"
  for other in pairs(content.auths) do
    if bare(other) == key then content.auths[other] = nil end
  end
  content.auths[docker and HUB_KEY or key] = { auth = base64.encode(user .. ":" .. password) }
  tiny.write_file(path, tiny.json_encode(content, { pretty = true }) .. "\n", { mode = PRIVATE_FILE })
  return path
end

-- Removes the credentials of a registry from all files; returns the files.
function auth.erase(registry)
  local key, changed = bare(registry), {}
  for _, path in ipairs(auth.files()) do
    local content, exists = read(path)
    local found = false
    local helper, name = helper_of(content, key)
    if helper and run_helper(helper, "get", name) then
      run_helper(helper, "erase", name)
      found = true
    end
    for other in pairs(object(content.auths)) do
      if bare(other) == key then
        content.auths[other] = nil
        found = true
      end
    end
    if found and exists then
      local lock <close> = tiny.flock(path .. ".lock")
      tiny.write_file(path, tiny.json_encode(content, { pretty = true }) .. "\n", { mode = PRIVATE_FILE })
      table.insert(changed, path)
    end
  end
  return changed
end

-- The value of an Authorization header.
function auth.basic(credentials)
  return "Basic " .. base64.encode((credentials.user or "") .. ":" .. (credentials.password or ""))
end

-- The challenges of a WWW-Authenticate header (RFC 9110, 11.6.1): a list of { scheme, parameters }. What is malformed is left out.
function auth.challenges(text)
  local list, at, current = {}, 1, nil
  while at <= #text do
    at = text:match("^[%s,]*()", at)
    local name, next_at = text:match("^([%w!#$%%&'*+.^_`|~-]+)()", at)
    if not name then
      -- Something else: on to the next comma.
      at = text:find(",", at, true) or #text + 1
    else
      local value_at = text:match("^%s*=%s*()[^=,%s]", next_at)
      if value_at and current then
        local value, stop
        if text:sub(value_at, value_at) == '"' then
          local parts, i = {}, value_at + 1
          while true do
            local plain, j = text:match('^([^"\\]*)()', i)
            table.insert(parts, plain)
            local c = text:sub(j, j)
            if c ~= "\\" or j >= #text then stop = j + 1 break end
            table.insert(parts, text:sub(j + 1, j + 1))
            i = j + 2
          end
          value = table.concat(parts)
        else
          value, stop = text:match("^([^,%s]*)()", value_at)
        end
        current.parameters[name:lower()] = current.parameters[name:lower()] or value
        at = stop
      else
        current = { scheme = name:lower(), parameters = {} }
        table.insert(list, current)
        at = next_at
      end
    end
  end
  return list
end

-- The parts of a URL: scheme, host without port, host with port, path with query; nil if it is none.
function auth.parse_url(url)
  local scheme, authority, path = url:match("^(%a+)://([^/?#]+)([^#]*)")
  if not scheme or authority:find("@", 1, true) or url:find("[%c%s]") then return nil end
  scheme = scheme:lower()
  if scheme ~= "http" and scheme ~= "https" then return nil end
  local host = authority:match("^(%[[%x:.]+%])") or authority:match("^([^:]+)")
  if not host then return nil end
  local port = authority:match(":(%d+)$") or (scheme == "https" and "443" or "80")
  return { scheme = scheme, host = host:lower(), port = port, path = path, origin = ("%s://%s:%s"):format(scheme, host:lower(), port) }
end

-- Whether two hosts are of one site: the same, or with the same last two labels, as registry-1.docker.io and auth.docker.io.
function auth.same_site(one, other)
  if one == other then return true end
  if one:find("^[%d.]+$") or other:find("^[%d.]+$") or one:find("[", 1, true) then return false end
  local a, b = one:match("([^.]+%.[^.]+)$"), other:match("([^.]+%.[^.]+)$")
  return a ~= nil and a == b
end

return auth
