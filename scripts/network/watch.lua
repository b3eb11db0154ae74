-- Shows what a container is denied by its egress rules, as it happens.
local denials = require "tiny.client.denials"
local format = require "tiny.format"
local time_option = require "tiny.cli.time_option"

-- The widths of the columns: lines are shown as they come.
local FORM = "%-8s  %-20s  %-28s  %-26s  %s"

local function line(cells, colour)
  for i, cell in ipairs(cells) do cells[i] = format.clean(cell) end
  local text = FORM:format(table.unpack(cells))
  format.line(colour and format.colour(colour, text) or text)
end

local function show(event, as)
  if as == "json" then return format.line(format.clean_json(tiny.json_encode(event))) end
  line(denials.row(event))
end

local function check(container, has_any)
  if not container.config.egress and not container.config.egress_ask then
    tiny.fail { message = ("%s has no egress rules"):format(container.config.name), hint = "`tinylua run --egress RULE` sets them", exit = 125 }
  end
  if not has_any then
    tiny.fail { message = ("%s is not running"):format(container.config.name), hint = "--all shows what it was denied", exit = 125 }
  end
end

return {
  summary = "Show what a container is denied by its egress rules, as it happens",
  order = 8,
  about = "Shows each denied name and connection with its time (UTC), process, name, address and reason, until the\n"
    .. "container ends. `run --egress` sets the rules. Repeated denials are shown once in a second.\n"
    .. "--since takes an RFC 3339 time, seconds since 1970, or how long ago (10m).",
  options = {
    { "since", value = "TIME", help = "Also show past denials since this time" },
    { "all", type = "flag", help = "Also show all past denials on record" },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table, or json with one object per line" },
    { "no-stream", type = "flag", help = "Show past denials only, then exit" },
  },
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" } },
  run = function(args)
    local now = tiny.clock()
    local container = require("tiny.state").find(args.container)
    local past = args.since or args.all or args.no_stream
    local since = args.since and tiny.parse_timestamp(time_option("--since", args.since)) or past and 0 or now
    local runs = container.state.status == "running" or container.state.status == "restarting"
    check(container, runs or past)
    if args.format == "table" then line({ table.unpack(denials.HEADER) }, "bold") end
    require "tiny.store.event_reader"({ since = since, stream = runs and not args.no_stream }, function(event)
      if event.id ~= container.id then return end
      if event.event == "deny" then show(event, args.format) end
      return event.event == "die" and (tiny.parse_timestamp(event.time) or 0) >= now
    end)
  end,
}
