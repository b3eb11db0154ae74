-- Documentation of the keys of a container, and of what functions of a recipe are passed, for a terminal: `tinylua doc keys`,
-- `doc run.memory`, `doc health.interval`, `doc ctx`, `doc ctx.child`, `doc call`.
local derived = require "tiny.spec.derived"
local doc = require "tiny.docs.spec_doc"
local format = require "tiny.format"
local terminal = require "tiny.docs.terminal"

local key_doc = {}

-- The words before the dot, and the lists of { name, type, text } that they stand for.
local function lists()
  local all = { ctx = doc.arguments[1], call = doc.arguments[2] }
  for _, name in ipairs { "run", "keys", "key", "container" } do all[name] = { name, "The keys of a container", doc.container } end
  all.topology = { "topology", "The keys of a topology", doc.topology }
  all.service = { "service", "More keys of a container in a topology", doc.service }
  for _, inner in ipairs(doc.inner) do all[inner[1]:match("^tiny%.([%w]+)%.spec$") or inner[1]] = inner end
  return all
end

-- Alone, these name a command or a module.
local ELSEWHERE = { run = true, container = true, topology = true }

local function plain(name) return (name:gsub("%?$", "")) end

local function list_text(title, fields)
  local out = { format.colour("bold", title) .. "\n" }
  local column = 0
  for _, field in ipairs(fields) do column = math.max(column, 4 + #plain(field[1])) end
  for _, field in ipairs(fields) do
    local name = plain(field[1])
    local text = field[3] ~= "" and field[3] .. " [" .. field[2] .. "]" or "[" .. field[2] .. "]"
    table.insert(out, "  " .. name .. (" "):rep(column - 2 - #name) .. terminal.wrap(text, column))
  end
  return table.concat(out, "\n")
end

-- What a named type stands for, besides the tables of spec_doc.
local MEANINGS = {
  ["tiny.size"] = 'bytes, or a number with k, m, g or t: "128m"', ["tiny.duration"] = 'seconds, or a number with a unit: "1m30s", "500ms"',
  ["tiny.landlock.options"] = "the options of tiny.landlock: `tinylua doc landlock`",
}
for _, alias in ipairs(doc.aliases) do MEANINGS[alias[1]] = alias[3] end
-- A type that is several types has the fields of this one.
local FIELDS_OF = { ["tiny.network.spec"] = "tiny.network.end" }

-- The named types in a field's type: their meaning, or their fields.
local function types_text(written)
  local out = {}
  for name in written:gmatch("tiny%.[%w_.]+") do
    if MEANINGS[name] then table.insert(out, "\n  " .. terminal.wrap(name .. ": " .. MEANINGS[name], 2)) end
    for _, inner in ipairs(doc.inner) do
      if inner[1] == (FIELDS_OF[name] or name) then table.insert(out, "\n" .. list_text(inner[2], inner[3])) end
    end
  end
  return table.concat(out, "\n")
end

-- One field; a key of a container with its options.
local function field_text(of, field)
  local out = { format.colour("bold", ("%s.%s"):format(of, plain(field[1]))) .. "  (" .. field[2] .. ")\n" }
  table.insert(out, "  " .. terminal.wrap(field[3], 2))
  for _, option in ipairs(field.options or {}) do
    local short = option.short and ("-%s, "):format(option.short) or ""
    local value = option.implied and ("[=%s]"):format(option.value) or option.type ~= "flag" and " " .. (option.value or (option.type or "VALUE"):upper()) or ""
    table.insert(out, ("\n  %s--%s%s\n      %s"):format(short, option[1], value, terminal.wrap(option.help or "", 6)))
  end
  local types = types_text(field[2])
  if types ~= "" then table.insert(out, types) end
  return table.concat(out, "\n")
end

-- The text for a name; nil if there is none.
function key_doc.text(name)
  local of, key = name:match("^([%w_]+)%.([%w_]+)$")
  local found = lists()[of or name]
  if not found then return nil end
  if not key then return not ELSEWHERE[name] and list_text(found[2], found[3]) or nil end
  for _, field in ipairs(found[3]) do
    if plain(field[1]) == key then
      local options = found[3] == doc.container and derived.options_of(key) or nil
      return field_text(of, { field[1], field[2], field[3], options = options })
    end
  end
end

-- The text for the name of a key alone, of a container or a topology; nil if there is none.
function key_doc.of_key(name)
  for _, of in ipairs { "run", "service", "topology" } do
    local text = name:match("^[%w_]+$") and key_doc.text(of .. "." .. name)
    if text then return text end
  end
end

-- The names, for completion and suggestions.
function key_doc.names()
  local names = {}
  for of, found in pairs(lists()) do
    table.insert(names, of)
    for _, field in ipairs(found[3]) do table.insert(names, of .. "." .. plain(field[1])) end
  end
  table.sort(names)
  return names
end

return key_doc
