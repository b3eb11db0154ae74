-- A sandbox for a coding agent, or for any tool that you do not trust: `tinylua run --rm agent.lua -- COMMAND…` in the folder
-- of a project. At its end you review what it has changed there. It reaches only the hosts below; `--egress` adds others.
local args = ...
local project = tiny.readlink("/proc/self/cwd")
local owner = assert(tiny.stat(project))

-- Root's own agent runs as the owner of the project. Another user is root in the container, without rights outside.
local user = tiny.getuid() == 0 and owner.uid ~= 0 and ("%d:%d"):format(owner.uid, owner.gid) or nil

-- A user without a delegated cgroup has limits of each process alone (setrlimit(2)), not of all together.
local whole = tiny.getuid() == 0
for _, mount in ipairs(tiny.probe().cgroup.mounts) do whole = whole or mount.delegated == true end
if not whole then io.stderr:write("agent.lua: no cgroup is delegated to you, so memory is limited only for each process\n") end

return require("tiny.container").new {
  command = #args > 0 and args or { "/bin/sh" },
  cow = { project }, workdir = project,
  -- Programs and libraries are the host's, read-only. Homes, keys and what only root may read are not there at all.
  read_only = true, tmpfs = { "/home:mode=1777,exec", project ~= "/tmp" and "/tmp:mode=1777,exec" or nil },
  env = { HOME = "/home", PATH = "/usr/local/bin:/usr/bin:/bin" },
  network = "bridge",
  egress = {
    "pypi.org:443", "files.pythonhosted.org:443", "registry.npmjs.org:443", "index.crates.io:443", "static.crates.io:443",
    "github.com:443", "*.githubusercontent.com:443", "deb.debian.org:80",
  },
  cap_drop = { "ALL" }, user = user,
  memory = whole and "4g" or nil, pids = whole and 512 or nil, ulimits = not whole and { "data=4294967296", "nproc=512" } or nil,
  timeout = "1h", max_output = "256m:end",
}
