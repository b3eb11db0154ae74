-- Applies what a container changed in its copy-on-write folders to the folders of the host.
local changes_of = require "tiny.client.changes_of"
local format = require "tiny.format"

return {
  summary = "Apply a container's changes to its copy-on-write folders",
  section = "Containers",
  order = 126,
  about = "Without PATH, everything is applied but what `changes` flags as acting on the host: set-user-ID files, file\n"
    .. "capabilities, hooks and settings of git. Name these, or use --flagged. What changed on the host meanwhile is a\n"
    .. "conflict and is kept. The command can be interrupted and repeated. Exit status: 1 if something was not applied.",
  options = {
    { "flagged", type = "flag", help = "Also apply flagged changes" },
    { "quiet", short = "q", type = "flag", help = "Print only what was not applied" },
  },
  args = {
    { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" },
    { "path", many = true, required = false, value = "PATH", help = "Only these files, and what is in these directories" },
  },
  run = function(args)
    local container = changes_of.find(args.container)
    changes_of.at_rest(container, function(now)
      local changes, report = require "tiny.cow.changes", require "tiny.cow.report"
      local all = changes.list(now)
      local named = args.path and args.path[1]
      local rows, chosen, held = named and changes.select(now, all, args.path) or all, {}, {}
      for _, row in ipairs(rows) do
        if row.held and not named and not args.flagged then table.insert(held, row)
        elseif row.change ~= "skipped" then table.insert(chosen, row) end
      end
      local done = changes.apply(now, chosen, all)
      if not args.quiet then format.line(("%s applied"):format(report.counted(done.applied, "change"))) end
      for _, line in ipairs(report.left(done, math.huge)) do format.note("%s", line) end
      for _, text in ipairs(report.held(held)) do format.note("not applied without being named: %s", text) end
      local left = #done.conflicts + #done.failed + #held
      if left > 0 then tiny.fail { message = ("%s not applied"):format(report.counted(left, "change")), exit = 1 } end
    end)
  end,
}
