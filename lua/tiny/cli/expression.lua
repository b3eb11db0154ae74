-- `inspect --format EXPRESSION`: checks a Lua expression; returns a function for its value over the fields of a record, as text.
local format = require "tiny.format"

return function(text)
  if text:find("{{", 1, true) then
    tiny.fail { message = "--format takes a Lua expression, not a template", hint = "such as --format state.status for {{.State.Status}}", exit = 2 }
  end
  local _, wrong = load("return " .. text, "=--format", "t")
  if wrong then tiny.fail { message = wrong, exit = 2 } end
  return function(record)
    local value = load("return " .. text, "=--format", "t", setmetatable({ tiny = tiny }, { __index = record }))()
    -- Parts of a record, such as the output of a health check, come from the container.
    return type(value) == "table" and format.clean_json(tiny.json_encode(value)) or format.shown(tostring(value))
  end
end
