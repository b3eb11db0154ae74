-- `inspect --format EXPRESSION`: the value of a Lua expression over the fields of a record.
local format = require "tiny.format"

return function(text, record)
  if text:find("{{", 1, true) then
    tiny.fail { message = "--format takes a Lua expression, not a template", hint = "such as --format state.status for {{.State.Status}}", exit = 2 }
  end
  local expression, wrong = load("return " .. text, "=--format", "t", setmetatable({ tiny = tiny }, { __index = record }))
  if not expression then tiny.fail { message = wrong, exit = 2 } end
  local value = expression()
  -- Parts of a record, such as the output of a health check, come from the container.
  return type(value) == "table" and format.clean_json(tiny.json_encode(value)) or format.shown(tostring(value))
end
