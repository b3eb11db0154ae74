-- Removes containers.
local each = require("tiny.options").each
local state = require "tiny.state"

return {
  summary = "Remove containers",
  options = { { "force", short = "f", type = "flag", help = "End a running one with SIGKILL first" } },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  run = function(args)
    return each(args.container, function(container, name)
      local status = container.state.status
      if status == "running" or status == "starting" or status == "restarting" then
        if not args.force then tiny.fail { message = container.config.name .. " is " .. status, hint = "stop it first, or use rm -f" } end
        require "tiny.stop"(container, 0, true)
      end
      state.forget(container)
      return name
    end)
  end,
}
