-- Checks Lua files without running them.
local check = require "tiny.check"
local format = require "tiny.format"

return {
  summary = "Check recipes, topologies and commands without running them",
  about = "Tells syntax errors, unknown primitives and globals that nobody sets, as FILE:LINE: MESSAGE. Exit status 1\n"
    .. "when there is any, so that an editor or CI can use it.",
  options = { { "format", choices = { "text", "json" }, default = "text", value = "FORMAT", help = "text or json" } },
  args = { { "file", many = true, value = "FILE.lua", help = "What to look at" } },
  run = function(args)
    local all = {}
    for _, path in ipairs(args.file) do
      for _, finding in ipairs(check.file(path)) do
        finding.file = path
        table.insert(all, finding)
      end
    end
    if args.format == "json" then
      format.json(all)
    else
      for _, f in ipairs(all) do
        format.line(("%s:%d: %s"):format(format.clean(f.file), f.line, format.clean(f.message)), f.hint and "; " .. f.hint or "")
      end
    end
    return #all > 0 and 1 or 0
  end,
}
