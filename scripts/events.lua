-- Prints the events of containers.
local events = require "tiny.store.events"
local format = require "tiny.format"
local time_option = require "tiny.cli.time_option"

local FILTERS = {
  type = function(e, v) return e.type == v end,
  event = function(e, v) return e.event == v end,
  container = function(e, v)
    local old = e.attributes and e.attributes.old_name
    return e.name == v or old == v or (#v >= 4 and e.id:sub(1, #v) == v)
  end,
}

local function check(text, key, value)
  if not FILTERS[key] then
    tiny.fail { message = ("--filter %q is not one of type=, container=, event="):format(text), exit = 2 }
  end
  local known = key == "event" and events.NAMES or key == "type" and { "container" } or { value }
  for _, word in ipairs(known) do
    if word == value then return end
  end
  tiny.fail { message = ("--filter %q: unknown %s"):format(text, key), hint = "one of " .. table.concat(known, ", "), exit = 2 }
end

-- Values of one key are alternatives; all keys must match.
local function filter_of(list)
  local wanted = {}
  for _, text in ipairs(list) do
    local key, value = text:match("^([^=]+)=(.+)$")
    check(text, key, value)
    wanted[key] = wanted[key] or {}
    table.insert(wanted[key], value)
  end
  return function(event)
    for key, values in pairs(wanted) do
      local fits = false
      for _, value in ipairs(values) do fits = fits or FILTERS[key](event, value) end
      if not fits then return false end
    end
    return true
  end
end

local function show(event, as)
  if as == "json" then return format.line(format.clean_json(tiny.json_encode(event))) end
  local details = { "name=" .. format.clean(event.name) }
  for key, value in pairs(event.attributes or {}) do
    if type(value) == "table" then value = tiny.json_encode(value) end
    table.insert(details, ("%s=%s"):format(format.clean(key), format.clean(value)))
  end
  table.sort(details)
  format.line(("%s %s %s %s (%s)"):format(event.time, event.type, event.event, event.id, table.concat(details, ", ")))
end

return {
  summary = "Show container events as they happen",
  section = "Containers",
  order = 116,
  about = "Events: " .. table.concat(events.NAMES, ", ") .. ".\n--since and --until take an RFC 3339 time, seconds since 1970, or how long ago (10m).\n"
    .. "Only the last 2 MiB of events are kept. If the disk is full, events are lost; containers are not affected.",
  options = {
    { "since", value = "TIME", help = "Also show past events since this time" },
    { "until", value = "TIME", help = "Show events before this time, then exit" },
    { "filter", short = "f", many = true, value = "KEY=VALUE", help = "Show only events with this type, container or event" },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table, or json with one object per line" },
    { "no-stream", type = "flag", help = "Show past events only, then exit" },
  },
  run = function(args)
    local since = args.since and tiny.parse_timestamp(time_option("--since", args.since))
    local before = args["until"] and tiny.parse_timestamp(time_option("--until", args["until"]))
    local wanted = filter_of(args.filter)
    require "tiny.store.event_reader"({ since = since, before = before, stream = not args.no_stream }, function(event)
      if wanted(event) then show(event, args.format) end
    end)
  end,
}
