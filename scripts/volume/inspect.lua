-- Shows volumes and the containers that use them.
local format = require "tiny.format"
local store = require "tiny.store.volumes"

return {
  summary = "Show volumes and the containers that use them",
  order = 3,
  about = "--format takes a Lua expression over name, driver, path, labels, created_at, anonymous and containers, such as\n"
    .. "--format path.",
  options = { { "format", short = "f", value = "EXPRESSION", help = "Print the value of this Lua expression instead of JSON" } },
  args = { { "volume", many = true, value = "VOLUME", complete = "volumes", help = "Volume names" } },
  run = function(args)
    local value_of = args.format and require "tiny.cli.expression"(args.format)
    local used, all, status = store.users(require("tiny.state").list { "name", "mounts" }), {}, 0
    for _, name in ipairs(args.volume) do
      local volume, err = tiny.try(store.find, name)
      if volume then
        volume.containers = {}
        for i, container in ipairs(used[name] or {}) do volume.containers[i] = { id = container.id, name = container.config.name } end
        table.insert(all, volume)
      else
        format.error(err)
        status = 1
      end
    end
    for _, volume in ipairs(value_of and all or {}) do format.line(value_of(volume)) end
    if not value_of then format.json(all) end
    return status
  end,
}
