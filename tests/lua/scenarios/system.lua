-- system df and system prune: what uses the disk, and what can be removed.
local check = require "check"

check.equal(check.succeeds("system", "df"), "TYPE           TOTAL  ACTIVE  SIZE  RECLAIMABLE\nImages         0      0       0 B   0 B (0%)\nContainers     0      0       0 B   0 B (0%)\nLocal Volumes  0      0       0 B   0 B (0%)\n")
check.succeeds("run", "-d", "--name", "web", "-v", "data:/d", "sh", "-c", "head -c 3000 /dev/zero >/d/file; ln /d/file /d/again; exec sleep 60")
check.succeeds("run", "--name", "old", "-v", "/a", "sh", "-c", "head -c 100000 /dev/zero >/var/tmp/file; echo x >/a/x")
check.succeeds("volume", "create", "free")
tiny.write_file(check.root .. "/volumes/free/data/file", ("x"):rep(1000))
while tiny.stat(check.root .. "/volumes/data/data/again") == nil do tiny.poll({}, "10ms") end

local rows = {}
for _, row in ipairs(tiny.json_decode(check.succeeds("system", "df", "--format", "json"))) do rows[row.type] = row end
local containers, volumes = rows.Containers, rows["Local Volumes"]
check.equal(("%d %d"):format(containers.total, containers.active), "2 1")
assert(containers.reclaimable > 100000 and containers.reclaimable < containers.size, tiny.show(containers))
-- A file with two names counts once.
check.equal(("%d %d %d %d"):format(volumes.total, volumes.active, volumes.size, volumes.reclaimable), "3 2 4002 1000")
local text = check.succeeds("system", "df", "-v")
assert(text:find("\nLocal Volumes  3      2       3.908 KiB  1000 B (24%)\n", 1, true), text)
assert(text:find("\n\nLocal Volumes:\nNAME +SIZE +ACTIVE\n"), text)
assert(text:find("\nfree +1000 B +no\n"), text)

-- prune asks, and leaves what runs and what is named.
local no = check.run({ "system", "prune" }, "n\n")
check.equal(no.status, 1)
check.equal(no.out, "WARNING! This removes:\n  - all containers that do not run\n  - all networks that no container uses\n  - all images without a name that no container uses\nAre you sure you want to continue? [y/N] ")
local old = check.succeeds("inspect", "-f", "id", "old")
local out = check.succeeds("system", "prune", "-f", "--volumes")
assert(out:find("^Deleted Containers:\n" .. old .. "\nDeleted Volumes:\n%x+\n\nTotal reclaimed space: 98.%d+ KiB\n$"), out)
check.equal(check.succeeds("volume", "ls", "-q"), "data\nfree\n")
check.equal(check.succeeds("system", "prune", "-f", "--volumes"), "Total reclaimed space: 0 B\n")
check.succeeds("rm", "-f", "web")
check.succeeds("volume", "prune", "-af")
check.no_container()
