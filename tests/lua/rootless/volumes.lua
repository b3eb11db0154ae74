-- Volumes of an unprivileged user: files of the container's users, the first content, removal, and a user without subordinate ids.
local check = require "check"
local user = require("ordinary").make { delegated = false }

local ROOT = "/tmp/ordinary/root"
for _, name in ipairs { "bin", "srv/deep" } do tiny.mkdir(ROOT .. "/" .. name, { parents = true }) end
tiny.copy_tree("/bin/busybox", ROOT .. "/bin/busybox", { follow = true })
for _, name in ipairs { "sh", "cat", "stat", "mkdir", "touch", "chmod", "true" } do tiny.symlink("busybox", ROOT .. "/bin/" .. name) end
tiny.write_file(ROOT .. "/srv/one", "one\n", { mode = tonumber("640", 8) })
assert(os.execute(("cd %s && chown -R %d:%d . && ln srv/one srv/deep/two && chown 3000999:3000999 srv/one && chmod 2751 srv/deep"):format(ROOT, user.uid, user.uid)))

local function inside(...) return (check.succeeds("run", "--rm", "--rootfs", ROOT, ...):gsub("\n$", "")) end
local SHOW = "stat -c '%n %a %u:%g %h' /srv/one /srv/deep; cat /srv/deep/two"
local data = check.root .. "/volumes/data/data/"

-- The owners are the container's users; on the host they are of the user's range.
check.equal(inside("-v", "data:/srv", "sh", "-c", SHOW), "/srv/one 640 1000:1000 2\n/srv/deep 2751 0:0 2\none")
check.equal(tiny.stat(data .. "one").uid, 3000999)
check.equal(tiny.stat(data .. "deep").uid, user.uid)
check.equal(inside("-u", "1000", "-v", "data:/srv", "-v", "new:/new", "sh", "-c", "cat /srv/one; touch /new/x 2>/dev/null || echo refused"), "one\nrefused")
check.equal(check.succeeds("run", "--rm", "-v", "data:/d", "sh", "-c", "cat /d/one; stat -c %u /d/one"), "one\n1000\n")
-- cp, and files that the user may not even list.
check.succeeds("create", "--name", "idle", "--rootfs", ROOT, "-v", "data:/srv", "-v", "/anonymous", "true")
check.succeeds("cp", "idle:/srv/one", "/tmp/ordinary/copy")
check.equal(tiny.read_file("/tmp/ordinary/copy"), "one\n")
inside("-u", "0", "-v", "private:/p", "sh", "-c", "chmod 777 /p")
inside("-u", "1000", "-v", "private:/p", "sh", "-c", "mkdir -p /p/a/b && echo mine >/p/a/b/file && chmod 700 /p/a")
check.succeeds("rm", "-v", "idle")
check.equal(check.succeeds("volume", "ls", "-q"), "data\nnew\nprivate\n")
check.equal(check.succeeds("volume", "prune", "-af"), "Deleted Volumes:\ndata\nnew\nprivate\n\nTotal reclaimed space: 9 B\n")
check.equal(table.concat(tiny.list_dir(check.root .. "/volumes"), " "), ".lock")

-- A partial copy with files of the container's users is discarded.
check.succeeds("volume", "create", "data")
local partial = check.root .. "/volumes/data/copy"
assert(os.execute(("mkdir -p %s/deep && touch %s/deep/half && chown -R 3000999:3000999 %s && chmod 700 %s"):format(partial, partial, partial, partial)))
check.equal(inside("-v", "data:/srv", "sh", "-c", SHOW), "/srv/one 640 1000:1000 2\n/srv/deep 2751 0:0 2\none")

-- Without subordinate ids, everything in a copy belongs to the container's root.
tiny.mount_bind("/dev/null", "/etc/subuid", { device = true })
assert(os.execute(("chmod 644 %s/srv/one"):format(ROOT)))
check.equal(inside("-v", "single:/srv", "sh", "-c", SHOW), "/srv/one 644 0:0 2\n/srv/deep 751 0:0 2\none")
check.succeeds("volume", "rm", "single")
check.no_container()
