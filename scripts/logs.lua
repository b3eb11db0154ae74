-- Shows what a container wrote.
local logs = require "tiny.logs"
local state = require "tiny.state"

return {
  summary = "Show the output of a container",
  options = {
    { "follow", short = "f", type = "flag", help = "Go on as it is written, until the container ends" },
    { "tail", short = "n", value = "N", default = "all", help = "Only the last N lines" },
    { "timestamps", short = "t", type = "flag", help = "The time before each line" },
  },
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Its name, or the beginning of its id" } },
  run = function(args)
    local tail = args.tail == "all" and math.huge or math.tointeger(tonumber(args.tail))
    if not tail or tail < 0 then tiny.fail { message = ("--tail %q is neither a number nor \"all\""):format(args.tail), exit = 2 } end
    local container = state.find(args.container)
    local path = container.dir .. "/container.log"
    if not tiny.stat(path) then return end
    local read = logs.reader(path)
    local function show(entry) logs.print(entry, args.timestamps) end
    local entries = read()
    for i = logs.tail(entries, tail), #entries do show(entries[i]) end
    if args.follow then logs.follow(container, read, show) end
  end,
}
