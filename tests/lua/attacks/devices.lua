-- Attempts to bypass the device rules with a node that the container creates, or that is in its rootfs or in a volume.
-- Outside /dev no node works at all; in /dev the rules of the cgroup decide.
local attack = require "attack"
local check = require "check"

local root = attack.rootfs("/tmp/root")
-- The /tmp of a private host permits no device nodes; this file system does.
tiny.mkdir("/tmp/with-nodes")
local nodes <close> = tiny.mount_tmpfs("/tmp/with-nodes", {})
os.execute("cp -a /tmp/root /tmp/with-nodes/root")
root = "/tmp/with-nodes/root"
tiny.mkdir(root .. "/nodes")
tiny.mkdir("/tmp/with-nodes/vol")
local NODES = { mem = { "char", 1, 1 }, kmsg = { "char", 1, 11 }, loop = { "block", 7, 0 }, disk = { "block", 254, 0 }, fuse = { "char", 10, 229 }, full = { "char", 1, 7 },
  console = { "char", 5, 1 }, tty = { "char", 5, 0 }, ptmx = { "char", 5, 2 }, vt = { "char", 4, 1 } }
for name, node in pairs(NODES) do
  for _, folder in ipairs { root .. "/nodes/", "/tmp/with-nodes/vol/" } do tiny.mknod(folder .. name, node[1], { major = node[2], minor = node[3] }) end
end
-- Results of open and of mknod; an error such as ENXIO would mean that the driver was reached.
local SCRIPT = [[
  for f in /nodes/* /vol/*; do for how in "<" ">"; do
    out=$( { eval ": $how $f"; } 2>&1 ) && echo "opened $how $f" || case $out in *"not permitted"*|*"ermission denied"*) ;; *) echo "$f: $out";; esac; done; done
  mknod /new b 7 0 2>/dev/null && echo "made"; mknod /dev/new c 1 11 2>/dev/null && echo made
  for d in null zero full random urandom tty; do [ -c /dev/$d ] || echo "no $d"; done; echo x >/dev/null && head -c1 /dev/zero | wc -c]]
local function run(...)
  return check.succeeds("run", "--rm", "--rootfs", root, "-v", "/tmp/with-nodes/vol:/vol", ...)
end
check.equal(run("sh", "-c", SCRIPT), "1\n")
check.equal(run("--read-only", "--tmpfs", "/tmp", "sh", "-c", SCRIPT), "1\n")
if attack.maps_ids(root) then check.equal(run("--userns", "auto", "sh", "-c", SCRIPT), "1\n") end
-- The capability to create nodes does not permit opening them.
local made = run("--cap-add", "MKNOD", "sh", "-c", SCRIPT .. "; for f in /new /dev/new; do (: <$f) 2>/dev/null && echo opened $f; done; true")
assert(not made:match("opened /new") and not made:match("opened /dev/new") and made:match("made"), made)
check.equal((made:match("^(.-)made")), "")
-- In /dev and in a tmpfs with the option dev, the host's console cannot be opened, nor can a terminal of the host's
-- devpts: opening a ptmx uses the devpts next to it.
local CONSOLE = [[
  for d in /dev /t; do mkdir -p $d/x; for n in "console 5 1" "ptmx 5 2" "vt 4 1" "vcs 7 1" "kmsg 1 11"; do
    set -- $n; mknod $d/x/$1 c $2 $3 && for how in "<" ">"; do ( eval ": $how $d/x/$1" ) 2>/dev/null && echo "opened $how $d/x/$1"; done; done; done
  mknod /dev/full2 c 1 7 && : </dev/full2 && echo fine; ls /dev/pts; : <>/dev/ptmx && echo own]]
check.equal(run("--cap-add", "MKNOD", "--tmpfs", "/t:dev", "sh", "-c", CONSOLE), "fine\nptmx\nown\n")
-- exec has the same rules, and they apply with all capabilities too.
check.succeeds("run", "-d", "--name", "c", "--cap-add", "ALL", "--rootfs", root, "-v", "/tmp/with-nodes/vol:/vol", "sleep", "100")
check.equal(check.succeeds("exec", "c", "sh", "-c", "cat /nodes/kmsg >/dev/null 2>&1 || echo no; (: </nodes/loop) 2>/dev/null || echo no"), "no\nno\n")
check.succeeds("rm", "-f", "c")

-- A device is available with the requested access if it is named.
local full = run("--device", "/dev/full:/dev/other:r", "sh", "-c", "[ -c /dev/other ] && echo there; (: </dev/other) && echo r")
check.equal(full, "there\nr\n")
local refused = check.run { "run", "--device", "/etc/passwd", "true" }
check.equal(refused.status, 125)
check.equal(refused.err, 'tinylua: devices: "/etc/passwd": /etc/passwd is a file, not a device\n')
check.no_container()
