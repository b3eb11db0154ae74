-- The first content of a volume: what the container's root has at its target, once, complete, with owners, modes, attributes and
-- hard links.
local check = require "check"

local ROOT = "/tmp/root"
for _, name in ipairs { "bin", "srv/deep", "opt/empty", "etc" } do tiny.mkdir(ROOT .. "/" .. name, { parents = true }) end
tiny.copy_tree("/bin/busybox", ROOT .. "/bin/busybox", { follow = true })
for _, name in ipairs { "sh", "cat", "ls", "stat", "find", "sort", "touch", "rm", "sleep", "true", "wc" } do tiny.symlink("busybox", ROOT .. "/bin/" .. name) end
tiny.write_file(ROOT .. "/srv/one", "one\n", { mode = tonumber("640", 8) })
tiny.chown(ROOT .. "/srv/one", { uid = 1000, gid = 1001 })
assert(os.execute(("cd %s; ln srv/one srv/deep/two; ln -s ../one srv/deep/link; mknod srv/null c 1 3; mkfifo srv/pipe"):format(ROOT)))
assert(os.execute(("cd %s; chmod 2750 srv/deep; chown 5:6 srv; chmod 711 srv; chown 7:8 opt/empty; chmod 1777 opt/empty"):format(ROOT)))
local attributes = tiny.try(function() tiny.setxattr(ROOT .. "/srv/one", "user.note", { value = "kept" }) return true end)
local LIST = "find /srv ! -type l -exec stat -c '%n %a %u:%g %h' {} + | sort; cat /srv/deep/link"
local WANT = "/srv 711 5:6 3\n/srv/deep 2750 0:0 2\n/srv/deep/two 640 1000:1001 2\n/srv/null 644 0:0 1\n/srv/one 640 1000:1001 2\n/srv/pipe 644 0:0 1\none"

local function inside(...) return (check.succeeds("run", "--rm", "--rootfs", ROOT, ...):gsub("\n$", "")) end
local function folder(name, below) return check.root .. "/volumes/" .. name .. (below and "/" .. below or "") end

-- With a named and an anonymous volume, through a read-only mount too; the original stays as it is.
check.equal(inside("-v", "data:/srv", "sh", "-c", LIST .. "; echo changed >/srv/one"), WANT)
check.equal(tiny.read_file(ROOT .. "/srv/one"), "one\n")
check.equal(inside("-v", "/srv", "sh", "-c", LIST), WANT)
check.equal(inside("-v", "ro:/srv:ro", "sh", "-c", LIST), WANT)
if attributes then
  local out = tiny.open("/tmp/packed", { write = true, create = true })
  tiny.tar_pack(folder("data", "data"), { to = out, name = "data" })
  assert(tiny.read_file("/tmp/packed"):find("SCHILY.xattr.user.note=kept", 1, true))
end
-- Once: neither over what is there, nor again after it was removed.
check.equal(inside("-v", "data:/srv", "sh", "-c", "cat /srv/deep/two; rm -r /srv/*"), "changed")
check.equal(inside("-v", "data:/srv", "ls", "-A", "/srv"), "")
check.equal(inside("-v", "data:/opt", "ls", "-A", "/opt"), "")
check.equal(inside("-v", "once:/srv", "sh", "-c", "rm -r /srv/*"), "")
check.equal(inside("-v", "once:/srv", "ls", "-A", "/srv"), "", "the container that got it has removed it")
-- A volume that has been written before has no first content to get.
check.equal(inside("-v", "written:/new", "touch", "/new/mine"), "")
check.equal(inside("-v", "written:/srv", "ls", "-A", "/srv"), "mine")
-- Not with nocopy, and not from a subpath; an empty directory gives owner and mode, and does not count as content.
check.equal(inside("-v", "bare:/srv:nocopy", "ls", "-A", "/srv"), "")
check.equal(inside("--mount", "type=volume,src=bare,dst=/srv,volume-nocopy", "ls", "-A", "/srv"), "")
check.equal(inside("-v", "bare:/opt/empty", "stat", "-c", "%a %u:%g", "/opt/empty"), "1777 7:8")
check.equal(inside("-v", "bare:/new", "stat", "-c", "%a %u:%g", "/new"), "1777 7:8", "the empty volume keeps them")
check.equal(inside("-v", "bare:/srv", "sh", "-c", LIST), WANT)
-- A target that is a link is followed in the container's root.
tiny.symlink("/srv", ROOT .. "/www")
check.equal(inside("-v", "linked:/www", "sh", "-c", LIST), WANT)
-- The view of the host is never copied.
check.succeeds("run", "--rm", "-v", "view:/usr/share", "true")
check.equal(#tiny.list_dir(folder("view", "data")), 0)
-- An error names the volume and the remedy, and leaves no part of a copy.
tiny.write_file(ROOT .. "/file", "")
local refused = check.run { "run", "--rm", "--rootfs", ROOT, "-v", "data:/file", "true" }
assert(refused.err:find("volumes: /file of the container's root is a file, and the volume data is a directory\n  hint: choose another target\n", 1, true), refused.err)
check.equal(refused.status, 125)
tiny.write_file(ROOT .. "/opt/big", ("x"):rep(1 << 20))
do
  local small <close> = tiny.mount_tmpfs(check.root .. "/volumes", { size = "256k" })
  local full = check.run { "run", "--rm", "--rootfs", ROOT, "-v", "full:/opt", "true" }
  check.equal(full.status, 125)
  assert(full.err:find("volume full: its first content, /opt of the container's root, cannot be copied: ENOSPC", 1, true), full.err)
  assert(full.err:find("volume-nocopy leaves the volume empty: -v full:/opt:nocopy", 1, true), full.err)
  check.equal(tiny.stat(folder("full", "copy")), nil)
  check.equal(#tiny.list_dir(folder("full", "data")), 0)
end

-- After a crash, a partial copy is discarded, and a complete one is moved to its end, also for a container with nocopy.
check.succeeds("volume", "create", "partial")
tiny.mkdir(folder("partial", "copy/deep"), { parents = true })
tiny.write_file(folder("partial", "copy/half"), "")
check.equal(inside("-v", "partial:/srv", "sh", "-c", LIST), WANT)
check.succeeds("volume", "create", "moved")
check.equal(inside("-v", "model:/srv", "true"), "")
tiny.copy_tree(folder("model", "data"), folder("moved", "copied"), { archive = true })
tiny.rename(folder("moved", "copied/one"), folder("moved", "data/one"))
check.equal(inside("-v", "moved:/srv:nocopy", "sh", "-c", LIST), WANT)
tiny.mkdir(folder("model", "copy"))
check.equal(check.succeeds("gc"), "partly written or removed volume model/copy\n")

-- Containers that start at the same time: each finds the whole content.
tiny.mkdir(ROOT .. "/opt/many")
for i = 1, 800 do tiny.write_file(ROOT .. "/opt/many/" .. i, ("x"):rep(5000)) end
local children = {}
for i = 1, 6 do
  children[i] = tiny.fork(function() return inside("-v", "race:/opt/many", "sh", "-c", "set -- /opt/many/*; cat $* | wc -c") == "4000000" and 0 or 1 end)
end
for _, child in ipairs(children) do check.equal(child:wait(), 0) end
-- One that runs with the empty volume keeps its mount: it sees the content that another one brings.
check.succeeds("run", "-d", "--name", "early", "--rootfs", ROOT, "-v", "shared:/new", "sleep", "60")
check.equal(inside("-v", "shared:/srv", "sh", "-c", LIST), WANT)
check.equal(check.succeeds("exec", "early", "cat", "/new/deep/two"), "one\n")
check.succeeds("rm", "-f", "early")
-- cp to a container that has not started finds the content too.
check.succeeds("create", "--name", "later", "--rootfs", ROOT, "-v", "later:/srv", "sh", "-c", "cat /srv/one /srv/given")
tiny.write_file("/tmp/given", "given\n")
check.succeeds("cp", "/tmp/given", "later:/srv/given")
check.equal(check.succeeds("start", "later"), "later\n")
check.succeeds("wait", "later")
check.equal(check.succeeds("logs", "later"), "one\ngiven\n")
check.succeeds("rm", "later")

-- With a user namespace, a volume stores the container's ids: containers with other ranges, and without one, share it.
if require("canaries").has_idmaps() then
  check.equal(inside("--userns", "auto", "-v", "mapped:/srv", "sh", "-c", LIST), WANT)
  check.equal(tiny.stat(folder("mapped", "data/one")).uid, 1000)
  check.equal(inside("--userns", "200000:200000:65536", "-v", "mapped:/srv", "-v", "own:/new", "sh", "-c", LIST .. "; touch /new/f; stat -c %u:%g /new /new/f"), WANT .. "\n0:0\n0:0")
  check.equal(inside("-v", "mapped:/srv", "-v", "own:/new", "sh", "-c", LIST .. "; stat -c %u:%g /new/f"), WANT .. "\n0:0")
end
check.succeeds("volume", "prune", "-af")
check.equal(check.succeeds("volume", "ls", "-q"), "")
check.no_container()
