-- Removes volumes.
local format = require "tiny.format"
local store = require "tiny.store.volumes"

return {
  summary = "Remove volumes",
  order = 4,
  about = "A volume that a container uses, running or not, is not removed.",
  options = { { "force", short = "f", type = "flag", help = "Do not report volumes that do not exist" } },
  args = { { "volume", many = true, value = "VOLUME", complete = "volumes", help = "Volume names" } },
  run = function(args)
    -- Containers that have ended unobserved and remove themselves use their volumes no longer.
    require("tiny.state").list { "name", "mounts" }
    local status = 0
    for _, name in ipairs(args.volume) do
      local removed, err = tiny.try(store.remove, name)
      if not err and not removed and not args.force then _, err = tiny.try(store.find, name) end
      if err then
        format.error(err)
        status = 1
      else
        format.line(name)
      end
    end
    return status
  end,
}
