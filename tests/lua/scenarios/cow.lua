-- Copy-on-write folders: the container changes a copy; its changes are listed, applied, discarded or committed at the end, and are
-- not lost by accident.
local check = require "check"

local store = tiny.stat(check.root)
local OWNER = store and store.uid or 0
local P = "/tmp/project"

local function run(command)
  assert(os.execute(command), command)
end

-- A project of the user who runs tinylua, as it was some time ago.
local function project(name)
  run(([[rm -rf %s; mkdir -p %s/src %s/old && cd %s && seq 1 20 >src/lines && echo a >keep && echo b >gone && echo o >old/o &&
    ln -s keep link && chown -hR %d:%d .]]):format(name, name, name, name, OWNER, OWNER))
end
local function read(path) return tiny.read_file(P .. "/" .. path) end
local function listed(...)
  return (check.succeeds("changes", ...):gsub(P .. "/", ""):gsub("(%l) +", "%1 "))
end
local WORK = "cd /work && sed -i 10d src/lines && echo more >>keep && rm -f gone && { mv old new || :; } && mkdir -p a/b && echo deep >a/b/c"
local ALL = "added a/\nadded a/b/\nadded a/b/c\ndeleted gone\nchanged keep\nadded new/\nadded new/o\ndeleted old/\nchanged src/lines\n"

-- Without a terminal, the changes are kept.
project(P)
check.succeeds("run", "--name", "c", "--cow", P .. ":/work", "sh", "-c", WORK .. " && test ! -e gone && cat new/o")
check.equal(read "keep", "a\n")
check.equal(read "gone", "b\n")
check.equal(tiny.stat(P .. "/new"), nil)
check.equal(listed "c", ALL)
check.equal(listed("c", "a", P .. "/gone"), "added a/\nadded a/b/\nadded a/b/c\ndeleted gone\n")
check.equal(check.succeeds("changes", "--diff", "c", "/work/src/lines", "keep"), [[
--- a/keep
+++ b/keep
@@ -1 +1,2 @@
 a
+more
--- a/src/lines
+++ b/src/lines
@@ -7,7 +7,6 @@
 7
 8
 9
-10
 11
 12
 13
]])
local json = tiny.json_decode(check.succeeds("changes", "c", "--format", "json"))
check.equal(#json, 9)
check.equal(json[4].change .. " " .. json[4].path .. " " .. json[4].kind .. " " .. json[4].folder, ("deleted %s/gone file %s"):format(P, P))

-- A removal does not lose them.
check.refused("c has changes that are not applied\n  hint: `tinylua changes c` lists them; apply or discard them, or use rm -f", "rm", "c")
local pruned = check.run { "prune", "-f" }
assert(pruned.err:find("c is kept: it has changes that are not applied", 1, true), pruned.err)

-- Some are applied, some discarded; the container goes on from there.
check.equal(check.succeeds("apply", "c", "src"), "1 change applied\n")
check.equal(read("src/lines"):find("10\n", 1, true), nil)
check.equal(check.succeeds("apply", "c", P .. "/a/b/c", "/work/gone"), "4 changes applied\n")
check.equal(read "a/b/c", "deep\n")
check.equal(read "gone", nil)
check.succeeds("discard", "c", "keep")
check.equal(listed "c", "added new/\nadded new/o\ndeleted old/\n")
for _, path in ipairs { "nowhere", "gone", "../project/gone", "/etc", "", "/" } do
  check.refused(("%q is not among the changes of c\n  hint: `tinylua changes c` lists them"):format(path), "apply", "c", path)
end
check.succeeds("start", "-a", "c")
check.equal(listed "c", "changed a/b/c\nchanged keep\nadded new/\nadded new/o\ndeleted old/\nchanged src/lines\n")
check.succeeds("apply", "-q", "c")
check.equal(read "new/o", "o\n")
check.equal(tiny.stat(P .. "/old"), nil)
check.equal(listed "c", "")
check.succeeds("rm", "c")

-- Commit at the end, discard at the end; --rm removes a container of which nothing is left to decide.
project(P)
check.succeeds("run", "--rm", "--on-exit", "discard", "--cow", P .. ":/work", "sh", "-c", WORK)
check.equal(read "keep", "a\n")
check.no_container()
check.succeeds("run", "--rm", "--on-exit", "commit", "--cow", P .. ":/work", "sh", "-c", WORK)
check.equal(read "keep", "a\nmore\n")
check.equal(tiny.stat(P .. "/old"), nil)
check.no_container()
local kept = check.run { "run", "--rm", "--name", "c", "--on-exit", "keep", "--cow", P .. ":/work", "sh", "-c", "echo x >/work/keep; exit 3" }
check.equal(kept.status, 3)
check.equal(kept.err, "tinylua: c is not removed, since changes are left: see `tinylua changes c`\n")
check.succeeds("discard", "c")
check.succeeds("rm", "c")

-- A commit leaves what programs of the host act on, and what changed there meanwhile.
project(P)
local left = check.run { "run", "--name", "c", "--on-exit", "commit", "--cow", P .. ":/work", "-v", "/tmp/project:/host", "sh", "-c", [[
  cd /work && mkdir -p .git/hooks && echo evil >.git/hooks/pre-commit && echo x >.git/index && echo y >>gone && cp /bin/true tool && chmod 4755 tool && echo fine >>keep &&
  ln -s /etc out && sleep 0.1 && echo host >>/host/gone]] }
check.equal(left.status, 0, left.err)
check.equal(read "keep", "a\nfine\n")
check.equal(read ".git/index", "x\n")
check.equal(read ".git/hooks/pre-commit", nil)
check.equal(read "gone", "b\nhost\n")
check.equal(tiny.stat(P .. "/tool"), nil)
for _, text in ipairs { "conflict: " .. P .. "/gone: it changed on the host meanwhile", P .. "/tool (set-user-ID)", P .. "/.git/hooks/pre-commit (git on the host acts on it)" } do
  assert(left.err:find(text, 1, true), left.err)
end
local again = check.run { "apply", "c" }
check.equal(again.status, 1)
assert(again.err:find("3 changes not applied\n", 1, true), again.err)
check.succeeds("apply", "-q", "c", ".git/hooks")
check.equal(read ".git/hooks/pre-commit", "evil\n")
local flagged = check.run { "apply", "--flagged", "c" }
check.equal(flagged.status, 1)
check.equal(tiny.stat(P .. "/tool").mode, tonumber("4755", 8))
local dropped = check.run { "rm", "-f", "c" }
check.equal(dropped.err, "tinylua: c: its changes in copy-on-write folders are discarded\n")
check.equal(read "gone", "b\nhost\n")

-- Detached: committed before `wait` returns. A running container's changes are only listed.
project(P)
check.succeeds("run", "-d", "--name", "c", "--on-exit", "commit", "--cow", P .. ":/work", "sh", "-c", "echo x >>/work/keep; while test ! -e /work/end; do sleep 0.02; done")
repeat local now = listed "c" until now:find "keep"
check.refused("c is running\n  hint: stop it first: tinylua stop c", "apply", "c")
check.refused("c is running\n  hint: stop it first: tinylua stop c", "discard", "c")
check.equal(read "keep", "a\n")
-- The container may end before touch does, which then has no status of its own.
check.run { "exec", "c", "touch", "/work/end" }
check.succeeds("wait", "c")
check.equal(read "keep", "a\nx\n")
check.equal(listed "c", "")
check.succeeds("rm", "c")

-- A supervisor that was killed: the next command commits.
project(P)
check.succeeds("run", "-d", "--name", "c", "--on-exit", "commit", "--cow", P .. ":/work", "sh", "-c", "echo x >>/work/keep; sleep 1000")
repeat local now = listed "c" until now:find "keep"
local s = tiny.json_decode(check.succeeds("inspect", "c"))
s = s[1] or s
local supervisor, process = tiny.pidfd_open(s.state.supervisor.pid), tiny.pidfd_open(s.state.pid)
check.kill(supervisor)
check.kill(process)
check.succeeds("ps")
check.equal(read "keep", "a\nx\n")
check.succeeds("rm", "-f", "c")

-- Two folders; the target is the folder's own path by default; tables and --mount.
project(P)
project "/tmp/project2"
check.succeeds("run", "--rm", "--on-exit", "commit", "--cow", P, "--mount", "type=cow,source=/tmp/project2,target=/two", "sh", "-c", "echo 1 >>/tmp/project/keep; echo 2 >>/two/keep")
check.equal(read "keep", "a\n1\n")
check.equal(tiny.read_file "/tmp/project2/keep", "a\n2\n")
tiny.write_file("/tmp/recipe.lua", ([[return require("tiny.container").new { command = { "sh", "-c", "echo 3 >>/three/keep" }, cow = { { source = %q, target = "/three" } }, cow_on_exit = "commit" }]]):format(P), { mode = tonumber("644", 8) })
check.succeeds("run", "--rm", "/tmp/recipe.lua")
check.equal(read "keep", "a\n1\n3\n")
check.no_container()
