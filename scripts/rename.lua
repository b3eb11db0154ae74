-- Gives a container another name.
local state = require "tiny.state"

return {
  summary = "Give a container another name",
  args = {
    { "container", value = "CONTAINER", complete = "containers", help = "Its name, or the beginning of its id" },
    { "name", value = "NAME", help = "The new name" },
  },
  run = function(args)
    require("tiny.spec").check_name(args.name)
    state.rename(state.find(args.container), args.name)
  end,
}
