-- -v, --mount, --tmpfs, --read-only, --shm-size: the mounts, their order, and refused values.
local check = require "check"

local function inside(...)
  return (check.succeeds("run", "--rm", ...):gsub("\n$", ""))
end

local refused = check.run_refused

tiny.mkdir("/tmp/site/deep", { parents = true })
tiny.write_file("/tmp/site/index", "page")
tiny.write_file("/tmp/file", "text")

check.equal(inside("-v", "/tmp/site:/srv/www", "sh", "-c", "cat /srv/www/index; echo new >/srv/www/made"), "page")
check.equal(tiny.read_file("/tmp/site/made"), "new\n", "it is the host's own folder")
check.equal(inside("-v", "/tmp/site:/srv:ro", "sh", "-c", "touch /srv/x 2>/dev/null || cat /srv/index"), "page")
check.equal(inside("-v", "/tmp/file:/etc/new/file:ro", "cat", "/etc/new/file"), "text", "a file on a file")
check.equal(inside("--mount", "type=bind,src=/tmp/site,dst=/srv,readonly", "sh", "-c", "touch /srv/x 2>/dev/null || cat /srv/index"), "page")
check.equal(inside("--mount", "type=bind,source=/tmp/site,destination=/srv,ro=false", "sh", "-c", "touch /srv/y && echo ok"), "ok")
check.equal(inside("--mount", "type=tmpfs,target=/cache,tmpfs-size=1m,tmpfs-mode=0700", "sh", "-c", "stat -c %a /cache; stat -f -c %T,%b,%S /cache"), "700\ntmpfs,256,4096")
check.equal(inside("--tmpfs", "/run/x:size=64k,mode=755,ro", "sh", "-c", "stat -c %a /run/x; touch /run/x/f 2>/dev/null || echo ro"), "755\nro")
local plain = inside("--tmpfs", "/t", "grep", " /t ", "/proc/mounts")
assert(plain:match("rw,nosuid,nodev,noexec"), plain)
local free = inside("--tmpfs", "/t:exec,suid", "grep", " /t ", "/proc/mounts")
assert(free:match("nodev") and not free:match("noexec") and not free:match("nosuid"), free)
-- Docker's options: an owner, and inodes with a suffix.
check.equal(inside("--tmpfs", "/t:uid=1000,gid=1001,mode=700,nr_inodes=1k", "sh", "-c", "stat -c '%u %g %a' /t; stat -f -c %c /t"), "1000 1001 700\n1024")
refused('"/t:uid=me": the uid "me" is not a number', "--tmpfs", "/t:uid=me", "true")
refused('"/t:gid=4294967295": gid: 4294967295 is not an id', "--tmpfs", "/t:gid=4294967295", "true")
refused('"/t:nr_inodes=x": "x" is not a number of inodes\n  hint: such as 4096 or 4k', "--tmpfs", "/t:nr_inodes=x", "true")
-- In a user namespace they are the container's ids.
if require("canaries").has_idmaps() then
  check.equal(inside("--userns", "auto", "--tmpfs", "/t:uid=1000,gid=1001", "stat", "-c", "%u %g", "/t"), "1000 1001")
  local outside = check.run { "run", "--rm", "--userns", "auto", "--tmpfs", "/t:uid=70000", "true" }
  check.equal(outside.status, 125)
  assert(outside.err:find("the id 70000 is not mapped in the container's user namespace", 1, true), outside.err)
end

-- A device masks a file, and the device rules still hold; devices in a directory cannot be used.
check.equal(inside("-v", "/dev/null:/etc/passwd", "-v", "/dev/null:/new", "sh", "-c", "echo x >/etc/passwd; wc -c </etc/passwd; echo x >/new; cat /new"), "0")
tiny.mkdir("/tmp/devices")
tiny.mknod("/tmp/devices/null", "char", { major = 1, minor = 3 })
tiny.mknod("/tmp/devices/mem", "char", { major = 1, minor = 1 })
check.equal(inside("-v", "/tmp/devices:/d", "sh", "-c", "echo x 2>/dev/null >/d/null || echo refused"), "refused")
check.equal(inside("-v", "/tmp/devices/mem:/mem", "sh", "-c", "head -c 1 /mem 2>/dev/null || echo refused"), "refused")

check.equal(inside("--shm-size", "1m", "stat", "-f", "-c", "%b", "/dev/shm"), "256")

-- Whatever the order on the command line, what is inside another mount is mounted after it.
check.equal(inside("-v", "/tmp/file:/a/deep/b:ro", "-v", "/tmp/site:/a", "--tmpfs", "/a/deep", "sh", "-c", "cat /a/deep/b /a/index"), "textpage")

-- A read-only root, with the requested mounts in it.
check.equal(inside("--read-only", "--tmpfs", "/tmp", "-v", "/tmp/site:/srv", "-w", "/new/dir", "sh", "-c",
  "touch /etc/x 2>/dev/null && echo wrong; touch /tmp/a /srv/a /dev/shm/a && pwd"), "/new/dir")

-- A target that is a link in the container's tree stays in that tree.
for _, folder in ipairs { "/tmp/outside", "/tmp/rootfs/tmp/outside" } do tiny.mkdir(folder, { parents = true }) end
local function linked(target, volume)
  tiny.try(tiny.remove, "/tmp/rootfs/link")
  tiny.symlink(target, "/tmp/rootfs/link")
  return check.run { "run", "--rm", "--rootfs", "/tmp/rootfs", "-v", volume, "/no-program" }
end
check.equal(linked("/tmp/outside", "/tmp/site:/link/one").status, 127)
check.equal(linked("../../../tmp/outside", "/tmp/site:/link/two").status, 127)
check.equal(linked("/tmp/outside", "/tmp/file:/link/three").status, 127)
check.equal(table.concat(tiny.list_dir("/tmp/rootfs/tmp/outside"), " "), "one three two")
check.equal(#tiny.list_dir("/tmp/outside"), 0, "made on the host")
-- What is missing is created where a dangling link leads, inside.
check.equal(linked("/nowhere", "/tmp/site:/link/www").status, 127)
check.equal(tiny.stat("/tmp/rootfs/nowhere/www").kind, "dir")
check.equal(tiny.stat("/nowhere"), nil)

-- Relative sources are relative to the caller's directory; they remain valid after a restart from another one.
tiny.chdir("/tmp")
check.succeeds("run", "-d", "--name", "web", "-v", "./site:/srv", "--tmpfs", "/t", "sh", "-c", "cat /srv/index; trap 'exit 0' TERM; while :; do sleep 0.05; done")
tiny.chdir("/")
check.succeeds("restart", "web")
check.succeeds("rm", "-f", "web")
check.succeeds("create", "--name", "web", "-v", "/tmp/site:/srv:ro", "--tmpfs", "/t:size=1m", "true")
local mounts = tiny.json_decode(check.succeeds("inspect", "--format", "config.mounts", "web"))
check.equal(mounts[1].source .. mounts[1].target .. tostring(mounts[1].read_only), "/tmp/site/srvtrue")
check.equal(mounts[2].type .. mounts[2].size, "tmpfs1048576")
check.succeeds("rm", "web")

-- A container whose source no longer exists is recovered anyway; this is reported at its next start.
tiny.mkdir("/tmp/going")
check.succeeds("run", "-d", "--name", "web", "-v", "/tmp/going:/srv", "sleep", "60")
local supervisor = tiny.pidfd_open(math.tointeger(tonumber(check.succeeds("inspect", "--format", "state.supervisor.pid", "web"))))
tiny.kill(supervisor, "SIGKILL")
tiny.poll({ supervisor }, "5s")
tiny.remove("/tmp/going")
check.equal(check.succeeds("ps", "-q", "--filter", "status=running"), check.succeeds("inspect", "--format", "id", "web"))
check.succeeds("stop", "-t", "0", "web")
local start = check.run { "start", "web" }
check.equal(start.status, 1)
check.equal(start.err, "tinylua: volumes: /tmp/going does not exist on the host\n  hint: create it first\n")
check.succeeds("rm", "web")

-- A recipe has the same keys, and the command line adds to them.
tiny.write_file("/tmp/recipe.lua", [[
return require("tiny.container").new {
  command = "cat /one/index /two/file /three/file; stat -f -c %T /four", volumes = { "/tmp/site:/one:ro" }, tmpfs = { "/four" },
  mounts = { { type = "bind", source = "/tmp/file", target = "/two/file", read_only = true } },
}]])
check.equal(check.succeeds("run", "--rm", "-v", "/tmp/file:/three/file", "/tmp/recipe.lua"), "pagetexttexttmpfs\n")

refused("volumes: /tmp/none does not exist on the host\n  hint: create it first", "-v", "/tmp/none:/srv", "true")
refused("volumes: ./data does not exist on the host\n  hint: create it first", "-v", "./data:/srv", "true")
refused("volumes: data does not exist on the host\n  hint: create it first; type=volume mounts a named volume", "--mount", "type=bind,source=data,target=/srv", "true")
refused('"site": not SOURCE:/TARGET[:ro]\n  hint: use --mount for a source that contains a colon', "-v", "site", "true")
refused('"/tmp/site:srv": not SOURCE:/TARGET[:ro]\n  hint: use --mount for a source that contains a colon', "-v", "/tmp/site:srv", "true")
refused('"/tmp/site:/srv:x": the option "x" is not ro or rw\n  hint: z, Z, cached, delegated and consistent are accepted and have no effect', "-v", "/tmp/site:/srv:x", "true")
refused('"/tmp/site:/a/../..": the target contains ..', "-v", "/tmp/site:/a/../..", "true")
refused('"/tmp/site:/": the target must not be /\n  hint: use --rootfs DIR for another root', "-v", "/tmp/site:/", "true")
refused("volumes: two mounts have the target /srv", "-v", "/tmp/site:/srv", "--tmpfs", "/srv/", "true")
refused('volumes: number 1 is not UTF-8: "/tmp/\u{fffd}:/srv"\n  hint: pass other bytes in a file, or encode them', "-v", "/tmp/\xff:/srv", "true")
refused('"type=bind,target=/srv": a bind mount needs a source', "--mount", "type=bind,target=/srv", "true")
refused('"source=/tmp,target=/srv": "/tmp" is not the name of a volume\n  hint: type=bind mounts a directory of the host', "--mount", "source=/tmp,target=/srv", "true")
refused('"type=image,target=/srv": unknown type "image"\n  hint: the types are bind, volume, tmpfs and cow', "--mount", "type=image,target=/srv", "true")
refused('"/tmp/site:/srv:nocopy": nocopy is an option of named volumes\n  hint: leave it out: a directory of the host is never copied to', "-v", "/tmp/site:/srv:nocopy", "true")
refused('"type=tmpfs,taget=/srv": unknown key "taget"; did you mean "target"?\n  hint: known keys: type, source, subpath, target, readonly, tmpfs-size, tmpfs-mode, volume-nocopy, volume-label',
  "--mount", "type=tmpfs,taget=/srv", "true")
refused('"type=tmpfs,target=/a,target=/b": the target is given twice', "--mount", "type=tmpfs,target=/a,target=/b", "true")
refused('"type=tmpfs,target=/a,tmpfs-mode=999": the mode "999" is not an octal number\n  hint: such as 1777 or 755', "--mount", "type=tmpfs,target=/a,tmpfs-mode=999", "true")
refused('mounts: unknown key "source"\n  hint: known keys: dev, exec, gid, inodes, mode, read_only, size, suid, target, type, uid', "--mount", "type=tmpfs,target=/a,source=/b", "true")
refused('"/t:sise=1m": unknown option "sise=1m"\n  hint: the options are size=, mode=, uid=, gid=, nr_inodes=, ro, rw and [no]exec, [no]suid, [no]dev', "--tmpfs", "/t:sise=1m", "true")
refused('"/t:size=0": the size must not be 0', "--tmpfs", "/t:size=0", "true")
refused('"t": not /PATH[:OPTION,…]', "--tmpfs", "t", "true")
refused("shm_size: the size must not be 0\n  hint: omit it for 64m", "--shm-size", "0", "true")
