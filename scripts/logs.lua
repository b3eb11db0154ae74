-- Shows the output of a container.
local logs = require "tiny.client.logs"
local state = require "tiny.state"

return {
  summary = "Show the output of a container",
  section = "Containers",
  order = 103,
  about = "A TIME is an RFC 3339 time (2026-11-24T02:12:00Z; a date, or a time without a zone, is in UTC), seconds since 1970,\n"
    .. "or how long ago (10m, 1h30m). --tail counts lines between --since and --until.",
  options = {
    { "follow", short = "f", type = "flag", help = "Follow the output until the container ends" },
    { "tail", short = "n", value = "N", default = "all", help = "Show only the last N lines" },
    { "since", value = "TIME", help = "Show output since this time" },
    { "until", value = "TIME", help = "Show output until this time" },
    { "timestamps", short = "t", type = "flag", help = "Print the time before each line" },
    { "format", choices = { "text", "json" }, default = "text", value = "FORMAT", help = "Output format: text, or json with one object per line" },
    { "raw", type = "flag", help = "Print the output unmodified on a terminal, escape sequences included" },
  },
  args = { { "container", value = "CONTAINER|FILE.lua", complete = "containers", help = "Name or id prefix, or a topology file" } },
  run = function(args)
    local options = {
      since = args.since and require("tiny.cli.time_option")("--since", args.since),
      ["until"] = args["until"] and require("tiny.cli.time_option")("--until", args["until"]),
      timestamps = args.timestamps, json = args.format == "json", raw = args.raw,
    }
    options.tail = args.tail ~= "all" and (math.tointeger(tonumber(args.tail)) or -1) or nil
    if options.tail and options.tail < 0 then tiny.fail { message = ("--tail %q is neither a number nor \"all\""):format(args.tail), exit = 2 } end
    if args.container:match("%.lua$") then
      local project = require "tiny.compose.project"
      return project.logs(project.name_of(args.container), options, args.follow)
    end
    local container = state.find_any(args.container)
    state.report(container)
    logs.of(container, options, args.follow)
  end,
}
