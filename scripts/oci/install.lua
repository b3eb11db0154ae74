-- Creates the link by which engines call this program as an OCI runtime.
return {
  summary = "Create the link tinylua-oci to this program",
  order = 18,
  args = { { "dir", value = "DIR", required = false, help = "Where to create it [default: beside the program]" } },
  run = function(args)
    local program = tiny.readlink "/proc/self/exe"
    local dir = args.dir or program:match("^(.*)/")
    local path = dir .. "/tinylua-oci"
    if tiny.stat(path, { follow = false }) then tiny.fail { message = path .. " exists already", hint = "remove it first" } end
    tiny.symlink(program, path)
    require("tiny.format").line(path)
  end,
}
