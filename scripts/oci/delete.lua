-- Deletes containers.
return {
  summary = "Delete a stopped container",
  order = 6,
  options = {
    { "force", short = "f", type = "flag", help = "Kill it first if it runs; a container that does not exist is no error" },
    { "regex", type = "flag", help = "ID is a pattern of Lua: delete all containers whose id it matches" },
  },
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args)
    local front = require "tiny.oci.front"
    if not args.regex then return front.delete(args.id, args.force) end
    for _, one in ipairs(require("tiny.oci.state").all()) do
      if one.id:find(args.id) then front.delete(one.id, args.force) end
    end
  end,
}
