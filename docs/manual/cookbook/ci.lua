-- A job of continuous integration: `tinylua run --rm ci.lua COMMAND…` in a checkout. The job gets a copy of the
-- checkout that it may spoil, no network, and bounded means; what it puts into ./out stays.
local args = ...
local job = #args > 0 and args or { "make", "test" }

tiny.mkdir("out", { parents = true })

return require("tiny.container").new {
  -- The words of the job are the shell's own arguments: nothing in them is read as shell.
  command = { "/bin/sh", "-c", 'cp -R --preserve=mode,timestamps /src/. /build && cd /build && exec "$@"', "job", table.unpack(job) },
  volumes = { ".:/src:ro", "./out:/out" },
  tmpfs = { "/build:size=512m,mode=755,exec", "/tmp:size=128m" },
  env = { CI = "true", HOME = "/build" },
  network = "none", cap_drop = { "ALL" }, cap_add = { "DAC_OVERRIDE" },
  memory = "1g", cpus = 2, pids = 256,
}
