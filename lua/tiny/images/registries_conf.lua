-- Reads the containers project's registries.conf (containers-registries.conf(5)): aliases, the registry of short names, and what
-- registries are replaced, mirrored, insecure or blocked. Only the part of TOML that this file uses is understood.
local registries_conf = {}

local function wrong(name, number, why)
  tiny.fail { message = ("%s:%d: %s"):format(name, number, why), hint = "the file is read as TOML: KEY = VALUE, [TABLE] and [[LIST]]", exit = 125 }
end

local ESCAPES = { n = "\n", t = "\t", r = "\r", ['"'] = '"', ["\\"] = "\\" }

-- A string at the start of the text, and the rest.
local function string_of(text)
  local literal, rest = text:match("^'([^']*)'(.*)$")
  if literal then return literal, rest end
  if text:sub(1, 1) ~= '"' then return nil end
  local parts, at = {}, 2
  while true do
    local plain, stop = text:match('^([^"\\]*)()', at)
    table.insert(parts, plain)
    local c = text:sub(stop, stop)
    if c == '"' then return table.concat(parts), text:sub(stop + 1) end
    local escaped = ESCAPES[text:sub(stop + 1, stop + 1)]
    if c == "" or not escaped then return nil end
    table.insert(parts, escaped)
    at = stop + 2
  end
end

-- A value: a string, true, false, a whole number or a list of strings; and what follows it.
local function value_of(text)
  local word, rest = text:match("^(%w+)(.*)$")
  if word == "true" or word == "false" then return word == "true", rest end
  if word and tonumber(word) then return tonumber(word), rest end
  if text:sub(1, 1) ~= "[" then return string_of(text) end
  local list = {}
  rest = text:match("^%[%s*(.*)$")
  while rest:sub(1, 1) ~= "]" do
    local item
    item, rest = string_of(rest)
    if not item then return nil end
    table.insert(list, item)
    rest = rest:match("^%s*,?%s*(.*)$")
  end
  return list, rest:sub(2)
end

-- The lines of a file, without comments; a list may continue on the next lines.
local function statements(text)
  local found, number, open = {}, 0, nil
  for line in (text .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    -- A # in a string starts no comment.
    local code = line:gsub('"[^"]*"', function(quoted) return (quoted:gsub("#", "\0")) end):gsub("'[^']*'", function(quoted) return (quoted:gsub("#", "\0")) end)
    code = code:gsub("#.*$", ""):gsub("\0", "#"):match("^%s*(.-)%s*$")
    if open then
      open.code = open.code .. " " .. code
      if code:find("%]$") then open = nil end
    elseif code ~= "" then
      local statement = { code = code, number = number }
      table.insert(found, statement)
      if code:find("=%s*%[") and not code:find("%]$") then open = statement end
    end
  end
  return found
end

-- A file's content as a table: lists of tables for [[NAME]], tables for [NAME].
function registries_conf.parse(text, name)
  local content = {}
  local current = content
  for _, statement in ipairs(statements(text)) do
    local code, number = statement.code, statement.number
    local list, single = code:match("^%[%[%s*([%w_.-]+)%s*%]%]$"), code:match("^%[%s*([%w_.-]+)%s*%]$")
    if list or single then
      local into = content
      local path = list or single
      local parent, last = path:match("^([%w_-]+)%.([%w_-]+)$")
      if parent then
        local above = into[parent]
        into = type(above) == "table" and (above[#above] or above)
        if type(into) ~= "table" then wrong(name, number, ("there is no %s before %s"):format(parent, path)) end
      end
      last = last or path
      current = {}
      if list then
        into[last] = into[last] or {}
        if type(into[last]) ~= "table" then wrong(name, number, ("%s is a value and a table"):format(path)) end
        table.insert(into[last], current)
      else
        into[last] = current
      end
    else
      local key, rest = code:match("^([%w_.-]+)%s*=%s*(.*)$")
      if not key then
        key, rest = string_of(code)
        rest = key and rest:match("^%s*=%s*(.*)$")
      end
      if not rest then wrong(name, number, ("%s is not KEY = VALUE"):format(tiny.show(code))) end
      local value, after = value_of(rest)
      if value == nil or after:find("%S") then wrong(name, number, ("%s is not a value"):format(tiny.show(rest))) end
      current[key] = value
    end
  end
  return content
end

-- Whether a table is a list, which may be empty.
local function each(list) return ipairs(type(list) == "table" and list or {}) end

local function read(path, into)
  local text = tiny.read_file(path)
  if not text then return end
  local content = registries_conf.parse(text, path)
  if content["unqualified-search-registries"] then into.search = content["unqualified-search-registries"] end
  if content["short-name-mode"] then into.short_name_mode = content["short-name-mode"] end
  for name, target in pairs(type(content.aliases) == "table" and content.aliases or {}) do into.aliases[name] = target end
  for _, registry in each(content.registry) do
    local prefix = registry.prefix or registry.location
    if prefix then into.registries[prefix] = registry end
  end
end

local function read_folder(folder, into)
  for _, name in ipairs(tiny.list_dir(folder) or {}) do
    if name:find("%.conf$") then read(folder .. "/" .. name, into) end
  end
end

-- The settings of the system, or of the user if there is a file: { search, short_name_mode, aliases, registries
-- (by prefix) }.
function registries_conf.load()
  local settings = { aliases = {}, registries = {} }
  local home = os.getenv "HOME"
  local own = os.getenv "CONTAINERS_REGISTRIES_CONF" or tiny.getuid() ~= 0 and home and home .. "/.config/containers/registries.conf"
  local system = "/etc/containers/registries.conf"
  read(own and tiny.stat(own) and own or system, settings)
  read_folder("/etc/containers/registries.conf.d", settings)
  if tiny.getuid() ~= 0 and home then read_folder(home .. "/.config/containers/registries.conf.d", settings) end
  return settings
end

-- The entry whose prefix is the longest of this name, REGISTRY/REPOSITORY; and that prefix.
function registries_conf.match(settings, name)
  local best, found
  for prefix, registry in pairs(settings.registries) do
    local fits
    if prefix:sub(1, 2) == "*." then
      local host = name:match("^[^/]*")
      fits = host:sub(-#prefix + 1) == prefix:sub(2)
    else
      fits = name == prefix or name:sub(1, #prefix + 1) == prefix .. "/"
    end
    if fits and (not best or #prefix > #best) then best, found = prefix, registry end
  end
  return found, best
end

-- A name with its prefix replaced by a location; a wildcard's prefix is the host.
function registries_conf.relocate(name, prefix, location)
  if not location or location == "" then return name end
  local length = prefix:sub(1, 2) == "*." and #name:match("^[^/]*") or #prefix
  return location .. name:sub(length + 1)
end

return registries_conf
