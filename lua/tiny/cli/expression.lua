-- The option --format of `inspect` and `image inspect`: a Lua expression over the keys of what is shown.

-- The value of an expression as text, for a terminal.
return function(text, object)
  local format = require "tiny.format"
  if text:find("{{", 1, true) then
    tiny.fail { message = "--format takes a Lua expression, not a template", hint = "such as --format state.status for {{.State.Status}}", exit = 2 }
  end
  local expression, wrong = load("return " .. text, "=--format", "t", setmetatable({ tiny = tiny }, { __index = object }))
  if not expression then tiny.fail { message = wrong, exit = 2 } end
  local value = expression()
  -- Texts may come from a container or an image.
  return type(value) == "table" and format.clean_json(tiny.json_encode(value)) or format.shown(tostring(value))
end
