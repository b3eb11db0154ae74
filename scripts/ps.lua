-- Lists containers.
local filters = require "tiny.cli.filters"
local format = require "tiny.format"
local state = require "tiny.state"
local status = require "tiny.status"

-- The keys to read of each record. Other keys are needed for json only.
local KEYS = {
  "id", "name", "command", "created_at", "network", "labels", "status", "started_at", "finished_at", "exit_code", "signal", "oom", "exceeded", "health", "lost",
  "networks", "ports", "paused", "volumes", "mounts", "image", "from_image",
}

local function chosen(args)
  local most = args.latest and 1 or args.last
  if most and most < 1 then tiny.fail { message = ("--last %d: the least is 1"):format(most), exit = 2 } end
  local wanted, list, all = filters.of(args.filter), {}, state.list(args.format ~= "json" and KEYS or nil)
  -- Newest first.
  for i = #all, 1, -1 do
    local c = all[i]
    local keep = args.all or most or #args.filter > 0 or c.state.status == "running" or c.state.status == "restarting" or c.damage ~= nil
    for _, filter in ipairs(wanted) do keep = keep and filter(c) end
    if keep then table.insert(list, c) end
    if most and #list == most then break end
  end
  return list
end

local function plain(c)
  return {
    id = c.id, name = c.config.name, command = c.config.command, created_at = c.config.created_at, network = c.config.network,
    hostname = c.config.hostname, rootfs = c.config.rootfs, image = c.config.image, image_id = (c.config.from_image or {}).id, status = state.word(c), pid = c.state.pid,
    health = c.state.health, exit_code = c.state.exit_code, oom = c.state.oom, exceeded = c.state.exceeded, started_at = c.state.started_at, finished_at = c.state.finished_at,
    damage = c.damage, labels = c.config.labels, networks = c.state.networks, ports = c.state.ports,
  }
end

return {
  summary = "List containers",
  section = "Containers",
  order = 102,
  options = {
    { "all", short = "a", type = "flag", help = "Show all containers, not only running ones" },
    { "latest", short = "l", type = "flag", help = "Show only the container created last, running or not" },
    { "last", short = "n", type = "integer", value = "N", help = "Show only the N containers created last, running or not" },
    { "no-trunc", type = "flag", help = "Do not shorten commands" },
    { "quiet", short = "q", type = "flag", help = "Print only ids" },
    { "filter", short = "f", many = true, value = "KEY=VALUE", help = "Show only containers that match; keys: " .. table.concat(filters.keys(), ", ") },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
  },
  args = { { "topology", required = false, value = "FILE.lua", help = "Show only the containers of this topology, running or not" } },
  run = function(args)
    if args.topology then table.insert(args.filter, "project=" .. require("tiny.compose.project").name_of(args.topology)) end
    -- The process ends soon, so collecting the garbage of thousands of records would waste time.
    collectgarbage("stop")
    local list, rows, now, published, images = chosen(args), {}, tiny.clock(), false, false
    for _, c in ipairs(list) do images = images or c.config.image ~= nil end
    local function cells(c)
      local ports = c.state.ports and require("tiny.net.ports").text(c.state.ports)
      published = published or ports ~= nil
      local row = { c.id, c.config.name or "?", format.command(c.config.command, args.no_trunc), format.ago(c.config.created_at, now), status(c, now), ports }
      if images then table.insert(row, 3, c.config.image or "-") end
      return row
    end
    local row = args.quiet and function(c) return c.id end or args.format == "json" and plain or cells
    for i, c in ipairs(list) do
      rows[i] = row(c)
    end
    if args.quiet then return rows[1] and format.line(table.concat(rows, "\n")) end
    if args.format == "json" then return format.json(rows) end
    local header = { "CONTAINER ID", "NAME", "COMMAND", "CREATED", "STATUS", published and "PORTS" or nil }
    if images then table.insert(header, 3, "IMAGE") end
    format.table(header, rows, images and 4 or 3)
  end,
}
