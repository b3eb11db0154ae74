-- Looks at a Lua file without running it: syntax, primitives that are not there, globals that nobody sets,
-- globals that were meant to be local. Each finding is { line, message, hint }.
local check = {}

-- The globals that every file has; break_before is for `run --step`.
local KNOWN = { break_before = true }
for name in pairs(_G) do KNOWN[name] = true end

-- The names of the primitives, and what else stands on `tiny`.
local function primitives()
  local names = {}
  for name in pairs(tiny) do table.insert(names, name) end
  return names
end

local function near(name, names)
  local found = tiny.did_you_mean(name, names)
  return found and ("did you mean %s?"):format(found) or nil
end

-- The findings in a text, in the order of their lines; `path` names it in a syntax error.
function check.text(text, path)
  local uses, wrong = tiny.chunk_globals(text, path)
  if not uses then
    -- Lua's own sentence has file and line: they are told apart here.
    local line, message = wrong:match(":(%d+): (.*)$")
    return { { line = math.tointeger(tonumber(line)) or 1, message = message or wrong } }
  end
  local set, names, found = {}, primitives(), {}
  for _, use in ipairs(uses) do
    if use.written then set[use.name] = true end
  end
  for _, use in ipairs(uses) do
    local primitive = use.name:match("^tiny%.(.+)$")
    if primitive and tiny[primitive] == nil then
      table.insert(found, { line = use.line, message = ("there is no primitive tiny.%s"):format(primitive), hint = near(primitive, names) })
    elseif use.written and not KNOWN[use.name] then
      table.insert(found, { line = use.line, message = ("%s is a global"):format(use.name), hint = "write local before its first use" })
    elseif not primitive and not use.written and not KNOWN[use.name] and not set[use.name] then
      local globals = {}
      for name in pairs(KNOWN) do table.insert(globals, name) end
      table.insert(found, { line = use.line, message = ("nobody sets %s"):format(use.name), hint = near(use.name, globals) })
    end
  end
  return found
end

-- The findings in a file.
function check.file(path)
  local text = tiny.read_file(path)
  if not text then tiny.fail { message = path .. " is not there", exit = 2 } end
  return check.text((text:gsub("^\u{feff}", ""):gsub("^#", "--")), path)
end

return check
