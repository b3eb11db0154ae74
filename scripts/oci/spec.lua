-- Writes a configuration to start from.
return {
  summary = "Write a config.json to start from",
  order = 15,
  options = {
    { "bundle", short = "b", value = "DIR", default = ".", help = "The bundle [default: the working directory]" },
    { "rootless", type = "flag", help = "For an unprivileged user" },
  },
  args = {},
  run = function(args)
    local path = args.bundle .. "/config.json"
    if tiny.stat(path) then tiny.fail { message = path .. " exists already", hint = "remove it first" } end
    tiny.write_file(path, tiny.json_encode(require "tiny.oci.template"(args.rootless), { pretty = true }) .. "\n")
  end,
}
