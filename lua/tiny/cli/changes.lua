-- What `diff` and `image diff` print: files that were added (A), changed (C) or deleted (D).
local format = require "tiny.format"

local changes = {}

local WORDS = { A = "added", C = "changed", D = "deleted" }

changes.format = { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" }

-- list: { kind, path }; how: "table" or "json".
function changes.print(list, how)
  local rows = {}
  for at, one in ipairs(list) do
    -- Names may be any bytes, which JSON cannot have.
    rows[at] = how == "json" and { change = WORDS[one.kind], path = utf8.len(one.path) and one.path or format.clean(one.path) } or { one.kind, one.path }
  end
  if how == "json" then return format.json(rows) end
  if rows[1] then format.table(nil, rows) end
end

return changes
