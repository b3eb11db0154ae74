-- volume create, ls, inspect, rm, prune; named and anonymous volumes of run; who uses a volume.
local check = require "check"

local function inside(...) return (check.succeeds("run", "--rm", ...):gsub("\n$", "")) end
local function names(...) return (check.succeeds("volume", "ls", "-q", ...):gsub("\n", " "):gsub(" $", "")) end
local function fails(status, text, ...)
  local result = check.run { ... }
  check.equal(result.err, "tinylua: " .. text .. "\n")
  check.equal(result.status, status)
end

-- create prints the name; an existing volume stays as it is; without a name there is a random one.
check.equal(check.succeeds("volume", "create", "data", "--label", "tier=db", "--label", "kept", "-d", "local"), "data\n")
check.equal(check.succeeds("volume", "create", "data", "--label", "tier=web"), "data\n")
local random = check.succeeds("volume", "create"):gsub("\n", "")
check.equal(#random, 64)
check.equal(names(), table.concat(random < "data" and { random, "data" } or { "data", random }, " "))
check.equal(check.succeeds("volume", "rm", random), random .. "\n")
check.equal(check.succeeds("volume", "ls"), "DRIVER  VOLUME NAME\nlocal   data\n")
local volume = tiny.json_decode(check.succeeds("volume", "inspect", "data"))[1]
check.equal(volume.labels.tier .. volume.labels.kept .. volume.driver .. #volume.containers, "dblocal0")
check.equal(volume.path, check.root .. "/volumes/data/data")
check.equal(check.succeeds("volume", "inspect", "-f", "path", "data"), volume.path .. "\n")
check.equal(tiny.json_decode(check.succeeds("volume", "ls", "--format", "json"))[1].name, "data")
fails(125, 'the name "a/b" may contain only letters, digits, \'_\', \'.\' and \'-\', and must begin with a letter or digit', "volume", "create", "a/b")
fails(1, 'no such volume: "dat"; did you mean "data"?\n  hint: `tinylua volume ls` lists them', "volume", "rm", "dat")
check.equal(check.succeeds("volume", "rm", "-f", "dat"), "dat\n")
local partly = check.run { "volume", "inspect", "none", "data" }
check.equal(partly.status, 1)
check.equal(#tiny.json_decode(partly.out), 1)
check.equal(check.run({ "volume", "create", "-d", "nfs", "x" }).status, 2)
local options = check.run { "volume", "create", "-o", "type=tmpfs", "x" }
check.equal(options.status, 2)
assert(options.err:find("volumes are directories of this host", 1, true), options.err)

-- A container creates the volumes that it names; what it writes is there for the next one.
check.equal(inside("-v", "data:/d", "-v", "new:/n", "sh", "-c", "echo kept >/d/file; ls -A /n"), "")
check.equal(inside("--mount", "type=volume,source=data,target=/d,readonly", "sh", "-c", "touch /d/x 2>/dev/null || cat /d/file"), "kept")
check.equal(inside("--mount", "src=labelled,dst=/d,volume-label=a=b,volume-label=c", "true"), "")
check.equal(check.succeeds("volume", "inspect", "-f", "labels", "labelled"), '{"a":"b","c":""}\n')
check.equal(names(), "data labelled new")
check.equal(names("--filter", "label=tier=db") .. names("--filter", "label=c", "--filter", "label=a") .. names("--filter", "label=c", "--filter", "label=x"), "datalabelled")
check.equal(names("--filter", "name=e"), "labelled new")
-- A subpath must exist; no link on it leads out of the volume.
tiny.mkdir(volume.path .. "/sub")
tiny.symlink("/etc", volume.path .. "/link")
check.equal(inside("--mount", "type=volume,source=data,target=/d,volume-subpath=sub", "ls", "-A", "/d"), "")
local missing = check.run { "run", "--rm", "--mount", "type=volume,source=data,target=/d,volume-subpath=link", "true" }
check.equal(missing.status, 125)
assert(missing.err:find("ENOENT", 1, true), missing.err)
check.run_refused('"type=volume,source=a,target=/a,volume-driver=nfs": there is no volume driver "nfs"\n  hint: local is the only one; leave it out',
  "--mount", "type=volume,source=a,target=/a,volume-driver=nfs", "true")
check.run_refused('"type=volume,source=a/b,target=/a": "a/b" is not the name of a volume\n  hint: type=bind mounts a directory of the host',
  "--mount", "type=volume,source=a/b,target=/a", "true")
check.run_refused('"type=volume,source=a,target=/a,volume-nocopy=maybe": volume-nocopy must be true or false, not "maybe"',
  "--mount", "type=volume,source=a,target=/a,volume-nocopy=maybe", "true")
-- Nothing is created for a refused container, or for one that cannot start; what exists stays.
check.run_refused("volumes: two mounts have the target /a", "-v", "refused:/a", "-v", "/a", "true")
check.equal(check.run({ "run", "--rm", "-v", "/a", "/no-program" }).status, 127)
check.equal(names(), "data labelled new")

-- A volume in use is not removed, whether its container runs or not.
check.succeeds("run", "-d", "--name", "web", "-v", "data:/d", "-v", "/anonymous", "sleep", "60")
check.succeeds("create", "--name", "idle", "-v", "data:/e", "true")
fails(1, "volume data is in use by web, idle\n  hint: remove the containers first: tinylua rm web idle", "volume", "rm", "data")
fails(1, "volume data is in use by web, idle\n  hint: remove the containers first: tinylua rm web idle", "volume", "rm", "-f", "data")
check.equal(check.succeeds("volume", "inspect", "-f", "containers[1].name .. containers[2].name", "data"), "webidle\n")
check.equal(names("--filter", "dangling=true"), "labelled new")
check.equal(check.succeeds("ps", "-a", "--format", "json", "--filter", "volume=data"):match('"name": "(%a+)"'), "idle")
check.equal(select(2, check.succeeds("ps", "-aq", "--filter", "volume=data"):gsub("\n", "")), 2)
-- inspect and explain name it.
check.equal(check.succeeds("inspect", "-f", "volumes.data", "web"), volume.path .. "\n")
assert(check.succeeds("explain", "web"):find("/d +%S+ +rw +volume data"), check.succeeds("explain", "web"))
-- cp reaches it, in a running and in a stopped container.
tiny.write_file("/tmp/given", "given")
check.succeeds("cp", "/tmp/given", "web:/d/given")
check.succeeds("cp", "idle:/e/given", "/tmp/back")
check.equal(tiny.read_file("/tmp/back"), "given")
check.succeeds("cp", "/tmp/given", "idle:/e/late")
check.equal(check.succeeds("exec", "web", "cat", "/d/late"), "given")

-- --volumes-from shares the anonymous volume, which lasts until its last container is removed with -v.
local anonymous = check.succeeds("inspect", "-f", "config.mounts[2].source", "web"):gsub("\n", "")
check.succeeds("exec", "web", "touch", "/anonymous/mine")
check.succeeds("create", "--name", "sharer", "--volumes-from", "web", "sh", "-c", "ls /anonymous")
check.equal(inside("--volumes-from", "web:ro", "sh", "-c", "touch /anonymous/x 2>/dev/null || ls /anonymous"), "mine")
check.succeeds("rm", "-f", "-v", "web")
assert(names():find(anonymous, 1, true), "the sharer uses it")
check.succeeds("start", "sharer")
check.equal(check.succeeds("wait", "sharer"), "0\n")
check.equal(check.succeeds("logs", "sharer"), "mine\n")
check.succeeds("rm", "-v", "sharer")
assert(not names():find(anonymous, 1, true))
-- Without -v it stays until prune.
check.succeeds("create", "--name", "web", "-v", "/anonymous", "true")
check.succeeds("rm", "web", "idle")
check.equal(#names(), #"data labelled new " + 64)

-- prune asks, and takes anonymous volumes unless told otherwise.
local no = check.run({ "volume", "prune" }, "n\n")
check.equal(no.status, 1)
check.equal(no.out, "WARNING! This removes anonymous volumes that no container uses.\nAre you sure you want to continue? [y/N] ")
check.equal(no.err, "tinylua: volume prune: nothing was removed\n  hint: answer y, or use --force\n")
check.equal(check.run({ "volume", "prune" }, "").status, 1)
local yes = check.run({ "volume", "prune" }, "y\n")
assert(yes.out:find("%[y/N%] Deleted Volumes:\n%x+\n\nTotal reclaimed space: 0 B\n$"), yes.out)
check.equal(names(), "data labelled new")
tiny.write_file(volume.path .. "/big", ("x"):rep(4096))
check.equal(check.succeeds("volume", "prune", "-a", "-f", "--filter", "label=tier", "--filter", "label!=tier=web"), "Deleted Volumes:\ndata\n\nTotal reclaimed space: 4.015 KiB\n")
check.equal(check.succeeds("volume", "prune", "-af"), "Deleted Volumes:\nlabelled\nnew\n\nTotal reclaimed space: 0 B\n")
check.equal(check.succeeds("volume", "prune", "-af"), "Total reclaimed space: 0 B\n")
check.equal(names(), "")

-- A missing volume of a container, and damaged records, are reported.
check.succeeds("create", "--name", "web", "-v", "data:/d", "true")
tiny.remove(check.root .. "/volumes/data", { recursive = true })
fails(1, "web: step mounts: volumes: the volume data no longer exists\n  hint: create it, empty: tinylua volume create data", "start", "web")
check.succeeds("volume", "create", "data")
check.succeeds("volume", "create", "free")
check.succeeds("start", "web")
local id = tiny.read_file(check.root .. "/names/web")
tiny.write_file(check.root .. "/containers/" .. id .. "/config.json", "{")
local unknown = check.run { "volume", "rm", "free" }
assert(unknown.err:find(("volume free may be in use: the record of container %s cannot be read\n  hint: remove that container first: tinylua rm -f %s"):format(id, id), 1, true), unknown.err)
assert(check.run({ "volume", "prune", "-af" }).err:find("it is unknown which volumes container " .. id, 1, true))
check.succeeds("rm", "-f", id)
tiny.write_file(check.root .. "/volumes/free/volume.json", "[]")
local damaged = check.run { "volume", "ls", "-q" }
check.equal(damaged.out, "data\nfree\n")
check.equal(damaged.err, ("tinylua: %s/volumes/free/volume.json is damaged, or was written by a newer tinylua\n"):format(check.root))
check.equal(check.succeeds("volume", "prune", "-af"):match("\n(%a+)\n"), "data", "a damaged one is only removed by name")
check.succeeds("volume", "rm", "free")
-- What interrupted commands left.
for _, name in ipairs { ".a.new/data", ".b-1234.gone/data" } do tiny.mkdir(check.root .. "/volumes/" .. name, { parents = true }) end
check.equal(check.succeeds("gc"), "partly written or removed volume .a.new\npartly written or removed volume .b-1234.gone\n")
check.equal(table.concat(tiny.list_dir(check.root .. "/volumes"), " "), ".lock")
check.no_container()
