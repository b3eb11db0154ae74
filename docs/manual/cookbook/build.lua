-- A build that depends on what it is given and on nothing else: `tinylua run --rm build.lua COMMAND…`. The sources
-- are ./src, read-only; the result goes to ./result. No network, no clock of today, no home, no caller's variables.
local args = ...
local command = #args > 0 and args or { "make", "install" }

tiny.mkdir("result", { parents = true })

return require("tiny.container").new {
  command = command,
  hostname = "build", workdir = "/src",
  volumes = { "./src:/src:ro", "./result:/result" },
  tmpfs = { "/tmp:size=256m,exec" },
  read_only = true, network = "none", cap_drop = { "ALL" },
  -- Programs that write a date take this one: the builds of two days are the same, byte for byte.
  env = { SOURCE_DATE_EPOCH = "315532800", HOME = "/nonexistent", LC_ALL = "C", TZ = "UTC", PREFIX = "/result" },
  -- Files as landlock(7) has them: what is not listed here cannot be opened, whatever its mode says.
  landlock = { paths = {
    ["/usr"] = "rx", ["/bin"] = "rx", ["/lib"] = "rx", ["/lib64"] = "rx", ["/etc"] = "r", ["/dev"] = "rw", ["/proc"] = "r",
    ["/src"] = "rx", ["/tmp"] = "rwx", ["/result"] = "rw",
  } },
}
