-- Changes the limits of containers.
local each = require("tiny.cli.options").each
local events = require "tiny.store.events"
local limits = require "tiny.pipeline.limits"
local state = require "tiny.state"

return {
  summary = "Change the limits of containers",
  section = "Containers",
  order = 118,
  options = {
    { "memory", short = "m", type = "size", help = "Memory limit, such as 128m" },
    { "cpus", type = "number", help = "CPU limit, such as 0.5" },
    { "pids-limit", type = "integer", value = "N", help = "Maximum number of processes; 0 means no limit" },
  },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    local wanted = { memory = args.memory, cpus = args.cpus, pids = args.pids_limit }
    if not next(wanted) then tiny.fail { message = "no limit is given", hint = "tinylua update --help lists them", exit = 2 } end
    limits.check(wanted)
    return each(args.container, function(container, name)
      container = state.ready(container)
      -- Without a process, they apply from the next start on.
      if container.state.status == "running" then require "tiny.client.cgroup"(container, limits.change, wanted) end
      state.change_config(container, function(config)
        for key, value in pairs(wanted) do config.limits[key] = value end
      end)
      events.emit(container, "update", wanted)
      return name
    end)
  end,
}
