-- Removes unused volumes.
local filters = require "tiny.cli.volume_filters"
local format = require "tiny.format"
local store = require "tiny.store.volumes"

return {
  summary = "Remove unused anonymous volumes",
  order = 5,
  about = "A volume that a container uses, running or not, is not removed.",
  options = {
    { "all", short = "a", type = "flag", help = "Remove all unused volumes, not only anonymous ones" },
    { "force", short = "f", type = "flag", help = "Do not ask" },
    { "filter", many = true, value = "KEY=VALUE", help = "Remove only volumes that match: label=K, label=K=V, label!=K or label!=K=V" },
  },
  run = function(args)
    local chosen, status = filters.labelled(args.filter), 0
    if not args.force then
      require "tiny.cli.confirm"(("This removes %s volumes that no container uses."):format(args.all and "all" or "anonymous"), "volume prune")
    end
    local used, unknown = store.users(require("tiny.state").list { "name", "mounts" })
    if unknown then
      tiny.fail {
        message = ("it is unknown which volumes container %s uses: its record cannot be read"):format(unknown.id), exit = 125,
        hint = "remove it first: tinylua rm -f " .. unknown.id,
      }
    end
    local bytes, first = 0, true
    for _, volume in ipairs(store.list()) do
      if not used[volume.name] and (args.all or volume.anonymous) and not volume.damage and chosen(volume) then
        local size = store.size(volume.name)
        local removed, err = tiny.try(store.remove, volume.name)
        if removed then
          if first then format.line("Deleted Volumes:") end
          first, bytes = false, bytes + size
          format.line(volume.name)
        elseif err then
          format.error(err)
          status = 1
        end
      end
    end
    format.line((first and "" or "\n") .. "Total reclaimed space: " .. format.size(bytes))
    return status
  end,
}
