-- A reproducible build that depends only on its inputs: `tinylua run --rm build.lua COMMAND…`. The sources are in
-- ./src, read-only; the result goes to ./result. No network, no current time, no home, no variables of the caller.
local args = ...
local command = #args > 0 and args or { "make", "install" }

tiny.mkdir("result", { parents = true })

return require("tiny.container").new {
  command = command,
  hostname = "build", workdir = "/src",
  volumes = { "./src:/src:ro", "./result:/result" },
  tmpfs = { "/tmp:size=256m,exec" },
  read_only = true, network = "none", cap_drop = { "ALL" },
  -- Programs that write a date use this one, so builds on different days are identical, byte for byte.
  env = { SOURCE_DATE_EPOCH = "315532800", HOME = "/nonexistent", LC_ALL = "C", TZ = "UTC", PREFIX = "/result" },
  -- Landlock rules (landlock(7)): files that are not listed here cannot be opened, whatever their mode.
  landlock = { paths = {
    ["/usr"] = "rx", ["/bin"] = "rx", ["/lib"] = "rx", ["/lib64"] = "rx", ["/etc"] = "r", ["/dev"] = "rw", ["/proc"] = "r",
    ["/src"] = "rx", ["/tmp"] = "rwx", ["/result"] = "rw",
  } },
}
