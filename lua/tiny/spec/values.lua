-- Helpers for checking a recipe's values: how to refuse one, and values that several keys share.
local values = {}

function values.wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

-- An absolute path, since the supervisor changes its working directory.
function values.absolute(path)
  if path:sub(1, 1) == "/" then return path end
  return (tiny.readlink("/proc/self/cwd"):gsub("/$", "")) .. "/" .. path
end

-- Whether the source of a mount is the name of a volume; otherwise it is a path.
function values.is_volume(source)
  return type(source) == "string" and source:find("^%w[%w_.-]*$") ~= nil
end

-- Checks the name of a container, volume, network or topology.
function values.check_name(name)
  if not name:match("^%w[%w_.-]*$") then
    values.wrong(("the name %s may contain only letters, digits, '_', '.' and '-', and must begin with a letter or digit"):format(tiny.show(name)))
  end
  if #name > 128 then values.wrong("the name is longer than 128 characters") end
end

-- { "K=V", … } as { K = "V", … }; a map is returned unchanged. `what` names the value in an error.
function values.map(what, value)
  if type(value) ~= "table" or #value == 0 then return value end
  local map = {}
  for _, text in ipairs(value) do
    local key, rest = tostring(text):match("^([^=]*)=(.*)$")
    if not key then values.wrong(("%s: %s is not NAME=VALUE"):format(what, tiny.show(text))) end
    map[key] = rest
  end
  return map
end

-- { K = V, … } as { "K=V", … }, sorted; a list is copied.
function values.list(value)
  if type(value) ~= "table" then return value end
  local list = table.move(value, 1, #value, 1, {})
  if #list > 0 then return list end
  for key, item in pairs(value) do table.insert(list, ("%s=%s"):format(key, item)) end
  table.sort(list)
  return list
end

return values
