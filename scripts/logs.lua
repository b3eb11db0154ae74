-- Shows what a container wrote.
local logs = require "tiny.client.logs"
local state = require "tiny.state"

return {
  summary = "Show the output of a container",
  about = "A TIME is RFC 3339 (2026-11-24T02:12:00Z; a day alone, or without a zone, in UTC), seconds since 1970,\n"
    .. "or how long ago (10m, 1h30m). --tail counts the lines between them.",
  options = {
    { "follow", short = "f", type = "flag", help = "Go on as it is written, until the container ends" },
    { "tail", short = "n", value = "N", default = "all", help = "Only the last N lines" },
    { "since", value = "TIME", help = "Only what was written then or later" },
    { "until", value = "TIME", help = "Only what was written then or before" },
    { "timestamps", short = "t", type = "flag", help = "The time before each line" },
    { "format", choices = { "text", "json" }, default = "text", value = "FORMAT", help = "json: one object a line, as in the log" },
    { "raw", type = "flag", help = "On a terminal too: every byte as it is, also escape sequences" },
  },
  args = { { "container", value = "CONTAINER|FILE.lua", complete = "containers", help = "Its name, or the beginning of its id; or a topology" } },
  run = function(args)
    local options = {
      since = args.since and require("tiny.cli.moment")("--since", args.since),
      ["until"] = args["until"] and require("tiny.cli.moment")("--until", args["until"]),
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
