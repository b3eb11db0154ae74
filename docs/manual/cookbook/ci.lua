-- A CI job: run `tinylua run --rm ci.lua COMMAND…` in a checkout. The job gets a copy of the checkout that it may
-- modify, no network, and limited resources. Files that it writes to ./out are kept.
local args = ...
local job = #args > 0 and args or { "make", "test" }

tiny.mkdir("out", { parents = true })

return require("tiny.container").new {
  -- The words of the job are passed as arguments of the shell, so they are not parsed as shell code.
  command = { "/bin/sh", "-c", 'cp -R --preserve=mode,timestamps /src/. /build && cd /build && exec "$@"', "job", table.unpack(job) },
  volumes = { ".:/src:ro", "./out:/out" },
  tmpfs = { "/build:size=512m,mode=755,exec", "/tmp:size=128m" },
  env = { CI = "true", HOME = "/build" },
  network = "none", cap_drop = { "ALL" }, cap_add = { "DAC_OVERRIDE" },
  memory = "1g", cpus = 2, pids = 256,
}
