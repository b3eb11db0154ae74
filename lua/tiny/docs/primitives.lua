-- The registry's entries as every form of the manual needs them: by family, with signatures, summaries and option tables.
-- An entry is what tiny.manual returns; a summary needs only what tiny.primitives lists.
local primitives = {}

-- The families in the manual's order, as { name =, … } with their entries; `full`: whole ones.
function primitives.families(full)
  local families, by_name = {}, {}
  for _, primitive in ipairs(tiny.primitives()) do
    local family = by_name[primitive.family]
    if not family then
      family = { name = primitive.family }
      by_name[primitive.family] = family
      table.insert(families, family)
    end
    table.insert(family, full and tiny.manual(primitive.name) or primitive)
  end
  return families
end

function primitives.capitalised(text) return (text:gsub("^%l", string.upper)) end

-- The number of open parentheses at the end of a text.
local function depth(text)
  return select(2, text:gsub("%(", "")) - select(2, text:gsub("%)", ""))
end

-- Where the first clause of a text ends. "In a child: …" continues: the text before an early colon is not a clause.
local function clause_end(doc)
  for at, mark in doc:gmatch("()([.;:])%f[%s\0]") do
    if depth(doc:sub(1, at - 1)) <= 0 and (at > 21 or mark ~= ":") then return at - 1 end
  end
  return #doc
end

-- The first clause of an entry, without the man page: "Mounts proc at `target`".
function primitives.summary(entry)
  local clause = entry.doc:sub(1, clause_end(entry.doc))
  local before, inside = clause:match("^(.*) %((.*)%)$")
  return inside and inside:find("(", 1, true) and before or clause
end

-- Whether the function takes more arguments than the entry names: `try` passes them on.
function primitives.is_variadic(entry)
  if not entry.in_lua then return false end
  for _, arg in ipairs(entry.args) do
    if arg.type.is == "function" or arg.type.is == "either" then return true end
  end
  return false
end

-- The signature of the function: "clone(options, body)".
function primitives.call(entry)
  return primitives.is_variadic(entry) and (entry.signature:gsub("%)", ", …)")) or entry.signature
end

-- The signature of a handle's method, "child:wait([timeout])", or nil.
function primitives.method(entry)
  if not entry.method then return nil end
  local rest, first = entry.signature:match("%((.*)$"), entry.args[1].name
  if rest:sub(1, #first) == first then rest = rest:sub(#first + 1) end
  -- The second argument becomes the first, without the comma before it.
  rest = rest:gsub("^, ", ""):gsub("^ +", ""):gsub("^%[, ", "[")
  return ("%s:%s(%s"):format(entry.handle, entry.method, rest)
end

-- The description of a field's type; the keys of an options table have their own section.
function primitives.words(field)
  return field.type.is == "options" and "table" or field.type.text
end

-- The type of an argument, and whether it can be left out.
function primitives.argument_type(arg)
  return primitives.words(arg) .. (arg.required and "" or ", optional")
end

-- Whether an option is required, or its default: "required", "default: 0o644", or nil.
function primitives.fallback(option)
  return option.required and "required" or option.default and "default: " .. option.default or nil
end

-- The type of an option with its fallback.
function primitives.option_type(option)
  local fallback = primitives.fallback(option)
  return primitives.words(option) .. (fallback and ", " .. fallback or "")
end

-- Whether the function takes an options table after its arguments.
function primitives.takes_table(entry) return entry.list ~= nil or #entry.options > 0 end

-- The options tables among the arguments and options, as { names = { NAME, … }, keys = options }.
function primitives.tables(entry)
  local found = {}
  local function add(name, keys)
    for _, known in ipairs(found) do
      if known.keys == keys then return table.insert(known.names, name) end
    end
    table.insert(found, { names = { name }, keys = keys })
  end
  for _, fields in ipairs { entry.args, entry.options } do
    for _, field in ipairs(fields) do
      local keys = (field.type.is == "list" and field.type.of or field.type).keys
      if keys then add(field.name, keys) end
    end
  end
  return found
end

return primitives
