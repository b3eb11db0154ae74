-- Builds HTML from function calls that escape every text and attribute and close every tag. Existing markup is a table, so
-- that a text cannot be taken for markup.
local sorted_keys = require "tiny.base.sorted_keys"

local markup = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local Markup = {}
Markup.__index = Markup

-- Escapes a text for HTML, with its control characters made visible.
function markup.escape(text)
  return (require("tiny.format").clean(text):gsub("[&<>\"']", ENTITIES))
end

local function is_markup(value) return getmetatable(value) == Markup end

-- Unescaped markup, for content that this program itself wrote.
function markup.raw(text) return setmetatable({ text = text }, Markup) end

local function write(out, value)
  if value == nil or value == false then return end
  if is_markup(value) then table.insert(out, value.text)
  elseif type(value) == "table" then for _, item in ipairs(value) do write(out, item) end
  else table.insert(out, markup.escape(value)) end
end

-- markup.tag("a", { href = "#x" }, "text", { more, … }): attributes are sorted by name. Tags without content are
-- self-closing.
function markup.tag(name, attributes, ...)
  local out = { "<", name }
  for _, key in ipairs(sorted_keys(attributes)) do
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
