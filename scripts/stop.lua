-- Stops running containers.
local format = require "tiny.format"
local state = require "tiny.state"
local stop = require "tiny.stop"

return {
  summary = "Stop running containers",
  about = "Sends SIGTERM, waits, then sends SIGKILL. Prints the name of each container that it stopped.",
  options = { { "time", short = "t", type = "duration", default = "10s", help = "How long before SIGKILL" } },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  run = function(args)
    local all, failed = {}, 0
    -- Every name is looked up before anything is stopped.
    for _, ref in ipairs(args.container) do table.insert(all, state.find(ref)) end
    for i, container in ipairs(all) do
      local stopped, err = tiny.try(stop, container, args.time)
      if stopped then
        format.line(args.container[i])
      else
        failed = err and 125 or failed
        format.note("%s", err and tostring(err) or container.config.name .. " is not running")
      end
    end
    return failed
  end,
}
