-- Lists what a container changed in its copy-on-write folders.
local changes_of = require "tiny.client.changes_of"
local format = require "tiny.format"

return {
  summary = "List what a container changed in its copy-on-write folders",
  section = "Containers",
  order = 125,
  about = "Changes to look at come first: set-user-ID files, files on which git of the host acts, links that leave the folder.\n"
    .. "A conflict is a file that was also changed on the host since the container started; it is never overwritten.",
  options = {
    { "diff", type = "flag", help = "Print the differences of text files, in unified format" },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
  },
  args = {
    { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" },
    { "path", many = true, required = false, value = "PATH", help = "Only these files, and what is in these directories" },
  },
  run = function(args)
    local container = changes_of.find(args.container)
    changes_of.with_access(function()
      local changes, report = require "tiny.cow.changes", require "tiny.cow.report"
      local rows = changes.list(container)
      if args.path and args.path[1] then rows = changes.select(container, rows, args.path) end
      if args.diff then
        for _, row in ipairs(report.sorted(rows)) do format.write(format.shown(report.difference(row))) end
        return format.flush()
      end
      if args.format == "json" then return format.json(report.json(rows)) end
      report.print(rows)
    end)
  end,
}
