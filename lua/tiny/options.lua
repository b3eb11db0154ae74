-- What several commands read from their command line.
local options = {}

local function wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

-- A list of "K=V", or "K" for the caller's own value, as a table.
function options.environment(list)
  local env = {}
  for _, text in ipairs(list) do
    local key, value = text:match("^([^=]+)=(.*)$")
    if not key and text ~= "" and not text:find("=") then key, value = text, os.getenv(text) end
    if not key then wrong(("--env %q is not NAME=VALUE"):format(text)) end
    env[key] = value
  end
  return env
end

-- The text of a file that an option names.
local function text_of(option, path)
  local text, err = tiny.try(tiny.read_file, path)
  if not text then wrong(("--%s %s: %s"):format(option, path, err and tostring(err.detail or err.message or err) or "there is no such file")) end
  return (text:gsub("^\u{feff}", ""))
end

-- Calls f(line, number) for what stands in these files: neither empty lines nor comments.
local function each_line(option, paths, f)
  for _, path in ipairs(paths) do
    local number = 0
    for line in (text_of(option, path) .. "\n"):gmatch("(.-)\r?\n") do
      number = number + 1
      line = line:gsub("^%s+", "")
      if line ~= "" and line:sub(1, 1) ~= "#" then f(line, ("--%s %s:%d"):format(option, path, number)) end
    end
  end
end

-- Files of variables as docker has them: NAME=VALUE as it stands, or NAME for the caller's own value.
function options.environment_files(paths)
  local env = {}
  each_line("env-file", paths, function(line, place)
    local key, value = line:match("^([^=]*)=(.*)$")
    key = key or line
    if key == "" then wrong(place .. ": no name stands before the =") end
    if key:find("%s") then wrong(("%s: the name %s has a space in it"):format(place, tiny.show(key)), "NAME=VALUE, without export and quotes") end
    env[key] = value or os.getenv(key)
  end)
  return env
end

local function add_label(labels, text, place)
  local key, value = text:match("^([^=]*)=(.*)$")
  key = key or text
  if key:match("^%s*$") then wrong(("%s: %s is not KEY=VALUE"):format(place, tiny.show(text))) end
  labels[key] = value or ""
end

-- Labels "KEY=VALUE" or "KEY", from files and over them from a list; nil for none.
function options.labels(list, paths)
  local labels = {}
  each_line("label-file", paths, function(line, place) add_label(labels, line, place) end)
  for _, text in ipairs(list) do add_label(labels, text, "--label") end
  return next(labels) and labels or nil
end

-- Whether there is a label "KEY", or "KEY=VALUE", among these.
function options.labelled(labels, text)
  local key, value = text:match("^([^=]*)=(.*)$")
  local mine = (labels or {})[key or text]
  return mine ~= nil and (value == nil or mine == value)
end

-- The containers of these names; fails at the first that there is not.
function options.found(names)
  local all = {}
  for i, ref in ipairs(names) do all[i] = require("tiny.state").find(ref) end
  return all
end

-- Calls f(container, name) for each name; every name is looked up before anything is done. A failure
-- is told and does not stop the others; returns the exit status. A result of f is printed.
function options.each(names, f)
  local format = require "tiny.format"
  local all, status = options.found(names), 0
  for i, container in ipairs(all) do
    local result, err = tiny.try(f, container, names[i])
    if err then
      status = err.exit or 125
      format.error(err)
    elseif result ~= nil then
      format.line(tostring(result))
    end
  end
  return status
end

-- So many wait side by side.
local MOST = 50

-- The same for what waits long: each in a process of its own, all at once; results come as they are there.
function options.at_once(names, f)
  if #names < 2 then return options.each(names, f) end
  options.found(names)
  local children, status = {}, 0
  local function ended(child)
    local own = child:wait()
    if own ~= 0 then status = own end
  end
  for i, name in ipairs(names) do
    if i > MOST then ended(children[i - MOST]) end
    children[i] = tiny.fork(function() return options.each({ name }, f) end)
  end
  for i = math.max(1, #names - MOST + 1), #names do ended(children[i]) end
  return status
end

return options
