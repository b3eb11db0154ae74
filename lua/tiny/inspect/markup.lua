-- HTML that cannot be broken by what it shows: elements are made by a function that escapes every text and attribute
-- and closes every tag. What is markup already is a table, so that a text never passes for one.
local markup = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local Markup = {}
Markup.__index = Markup

-- Any text, with its control characters visible.
function markup.escape(text)
  return (require("tiny.format").clean(text):gsub("[&<>\"']", ENTITIES))
end

local function is_markup(value) return getmetatable(value) == Markup end

-- Markup as it is: for what this program itself wrote.
function markup.raw(text) return setmetatable({ text = text }, Markup) end

local function write(out, value)
  if value == nil or value == false then return end
  if is_markup(value) then table.insert(out, value.text)
  elseif type(value) == "table" then for _, item in ipairs(value) do write(out, item) end
  else table.insert(out, markup.escape(value)) end
end

-- markup.tag("a", { href = "#x" }, "text", { more, … }): attributes in the order of their names. Tags without content
-- are closed in themselves.
function markup.tag(name, attributes, ...)
  local out, keys = { "<", name }, {}
  for key in pairs(attributes or {}) do table.insert(keys, key) end
  table.sort(keys)
  for _, key in ipairs(keys) do
    if attributes[key] then table.insert(out, (' %s="%s"'):format(key, markup.escape(attributes[key]))) end
  end
  local content = table.pack(...)
  if content.n == 0 then
    table.insert(out, "/>")
  else
    table.insert(out, ">")
    for i = 1, content.n do write(out, content[i]) end
    table.insert(out, ("</%s>"):format(name))
  end
  return markup.raw(table.concat(out))
end

-- Functions for tags: h.p({ class = "x" }, "text"), or h.p("text").
markup.h = setmetatable({}, { __index = function(_, name)
  return function(first, ...)
    if type(first) == "table" and not is_markup(first) and #first == 0 then return markup.tag(name, first, ...) end
    return markup.tag(name, nil, first, ...)
  end
end })

return markup
