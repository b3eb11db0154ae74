-- Creates a volume.
local ANYTHING = "volumes are directories of this host; `run --mount type=bind` and `--tmpfs` mount other file systems"

return {
  summary = "Create a volume",
  order = 1,
  about = "A container that names a volume also creates it. An existing volume is left as it is.",
  options = {
    { "driver", short = "d", choices = { "local" }, default = "local", value = "DRIVER", help = "local, the only one" },
    { "label", many = true, value = "K=V", help = "Set a label" },
  },
  args = { { "name", required = false, value = "NAME", help = "Volume name [default: a random one]" } },
  elsewhere = function(option) return ({ ["--opt"] = ANYTHING, ["-o"] = ANYTHING })[option] end,
  run = function(args)
    local store = require "tiny.store.volumes"
    local name = args.name or store.new_name()
    store.create(name, { labels = require("tiny.spec.pairs").labels(args.label, {}), anonymous = not args.name or nil })
    require("tiny.format").line(name)
  end,
}
