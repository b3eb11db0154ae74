-- Writes the files of a container as an archive.
return {
  summary = "Write the files of a container as an archive",
  section = "Images",
  order = 160,
  about = "The archive has everything below the container's root, with owners and modes, but not\n"
    .. "what is mounted there: volumes, /proc, /dev. `import` makes an image of it.",
  options = {
    { "output", short = "o", value = "FILE", complete = "files", help = "The archive [default: standard output]" },
  },
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" } },
  run = function(args)
    if not args.output and tiny.isatty(1) then
      tiny.fail { message = "an archive is not written to a terminal", hint = "use -o FILE, or redirect the output", exit = 2 }
    end
    local container, export = require("tiny.state").find(args.container), require "tiny.images.export"
    local _ <close> = container.config.from_image and require("tiny.images.store").lock "shared" or nil
    if not args.output then
      local out <close> = tiny.stdio(1)
      return export(container, out)
    end
    require "tiny.base.whole_file"(args.output, function(out) export(container, out) end)
  end,
}
