-- Parses lists of NAME=VALUE from the command line and from files: environment variables and labels.
local wrong = require("tiny.spec.values").wrong

local pairs_of = {}

-- A list of "K=V", or "K" for the caller's own value, as a table.
function pairs_of.environment(list)
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
  local text, err = require "tiny.base.text_file"(path)
  if not text then wrong(("--%s %s: %s"):format(option, path, err and tostring(err.detail or err.message or err) or "no such file")) end
  return (text:gsub("^\u{feff}", ""))
end

-- Calls f(line, place) for each line that is neither empty nor a comment.
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

-- Environment files in docker's format: NAME=VALUE, taken literally, or NAME for the caller's own value.
function pairs_of.environment_files(paths)
  local env = {}
  each_line("env-file", paths, function(line, place)
    local key, value = line:match("^([^=]*)=(.*)$")
    key = key or line
    if key == "" then wrong(place .. ": the name before the = is missing") end
    if key:find("%s") then wrong(("%s: the name %s contains white space"):format(place, tiny.show(key)), "write NAME=VALUE, without export and quotes") end
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

-- Labels "KEY=VALUE" or "KEY" from files, overridden by those of a list; nil if there are none.
function pairs_of.labels(list, paths)
  local labels = {}
  each_line("label-file", paths, function(line, place) add_label(labels, line, place) end)
  for _, text in ipairs(list) do add_label(labels, text, "--label") end
  return next(labels) and labels or nil
end

-- Annotations "KEY=VALUE".
function pairs_of.annotations(list)
  local map = {}
  for _, text in ipairs(list) do add_label(map, text, "--annotation") end
  return map
end

-- Whether the labels contain "KEY", or "KEY=VALUE".
function pairs_of.labelled(labels, text)
  local key, value = text:match("^([^=]*)=(.*)$")
  local mine = (labels or {})[key or text]
  return mine ~= nil and (value == nil or mine == value)
end

return pairs_of
