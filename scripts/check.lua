-- Checks Lua files without running them.
local check = require "tiny.dev.check"
local format = require "tiny.format"

local function text_of(f)
  return ("%s:%d:%d: %s"):format(format.clean(f.file), f.line, f.col, format.clean(f.message)) .. (f.hint and "; " .. format.clean(f.hint) or "")
end

return {
  summary = "Check recipes, topologies and commands without running them",
  section = "Recipes and topologies",
  order = 304,
  about = "Reports syntax errors, unknown primitives, options, methods, modules and keys, values of the wrong type, handles that\n"
    .. "are never used or closed, and undefined globals, as FILE:LINE:COL: MESSAGE (vim: set errorformat=%f:%l:%c:\\ %m).\n"
    .. "A line that ends in the comment `-- check: off` is skipped. Exit status: 1 if anything was reported, otherwise 0.",
  options = {
    { "format", choices = { "text", "json" }, default = "text", value = "FORMAT", help = "Output format: text or json" },
    { "name", default = "stdin", value = "FILE", help = "File name to report for standard input" },
  },
  args = { { "file", many = true, value = "FILE.lua", help = "Files to check; - is standard input" } },
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
