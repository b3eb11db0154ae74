-- Checks Lua files without running them.
local check = require "tiny.dev.check"
local format = require "tiny.format"

local function text_of(f)
  return ("%s:%d:%d: %s"):format(format.clean(f.file), f.line, f.col, format.clean(f.message)) .. (f.hint and "; " .. format.clean(f.hint) or "")
end

return {
  summary = "Check recipes, topologies and commands without running them",
  about = "Tells syntax errors, unknown primitives, options, methods, modules and keys, values of a wrong type, handles that\n"
    .. "nobody uses or closes, and globals that nobody sets, as FILE:LINE:COL: MESSAGE, for vim :set errorformat=%f:%l:%c:\\ %m.\n"
    .. "A line that ends in the comment `-- check: off` is left out. Exit status 1 when there is any.",
  options = {
    { "format", choices = { "text", "json" }, default = "text", value = "FORMAT", help = "text or json" },
    { "name", default = "stdin", value = "FILE", help = "What a text from standard input is called" },
  },
  args = { { "file", many = true, value = "FILE.lua", help = "What to look at; - is standard input" } },
  run = function(args)
    local all = {}
    for _, path in ipairs(args.file) do
      local name = path == "-" and args.name or path
      for _, finding in ipairs(path == "-" and check.text(io.read("a"), name) or check.file(path)) do
        finding.file = name
        table.insert(all, finding)
      end
    end
    if args.format == "json" then
      format.json(all)
    else
      for _, f in ipairs(all) do format.line(text_of(f)) end
    end
    return #all > 0 and 1 or 0
  end,
}
