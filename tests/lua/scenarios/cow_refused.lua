-- Copy-on-write folders that are refused, each with the reason; what is mounted in a folder is named.
local check = require "check"

local function refused(text, ...)
  check.run_refused(text, ...)
end
tiny.mkdir("/tmp/p/sub", { parents = true })
tiny.mkdir "/tmp/q"
tiny.write_file("/tmp/file", "")
tiny.symlink("/tmp/p", "/tmp/link")

refused("cow: \"/nowhere\": it does not exist\n  hint: create it first", "--cow", "/nowhere", "true")
refused("cow: \"/tmp/file\": it is a file, not a directory\n  hint: name the directory that contains it", "--cow", "/tmp/file", "true")
refused("cow: \"/\": it is the root of the host\n  hint: name the folder that the container works on", "--cow", "/", "true")
refused("cow: \"/\": it is the root of the host\n  hint: name the folder that the container works on", "--cow", "/tmp/link/../..:/x", "true")
refused("cow: \"/proc\": it is on a file system of the kernel (proc)\n  hint: name a folder with files of yours", "--cow", "/proc", "true")
refused("cow: \"/tmp/p:rw\": not DIR[:/TARGET]\n  hint: for a name with a colon: cow = { { source = …, target = … } }, or --mount type=cow,source=…,target=…", "--cow", "/tmp/p:rw", "true")
refused("cow: \":/x\": the folder is missing\n  hint: such as --cow .:/work", "--cow", ":/x", "true")
refused("\"/tmp/p:/\": the target must not be /\n  hint: use --rootfs DIR for another root", "--cow", "/tmp/p:/", "true")
refused("volumes: two mounts have the target /x", "--cow", "/tmp/p:/x", "--cow", "/tmp/q:/x", "true")
for _, pair in ipairs { { "/tmp/p", "/tmp/p/sub" }, { "/tmp/p/sub", "/tmp/link" }, { "/tmp/p:/a", "/tmp/link:/b" } } do
  local result = check.run { "run", "--cow", pair[1], "--cow", pair[2], "true" }
  check.equal(result.status, 125)
  assert(result.err:find("is a copy-on-write folder too, and one contains the other\n  hint: name only the outer one", 1, true), result.err)
end
check.no_container()

-- The containers' own files, from both sides, and through a link.
check.succeeds("run", "--name", "c", "true")
tiny.symlink(check.root, "/tmp/state")
for _, path in ipairs { check.root, check.root .. "/containers", "/tmp/state", check.root:match("^(.+)/[^/]+$") } do
  local result = check.run { "run", "--cow", path .. ":/x", "true" }
  check.equal(result.status, 125, path)
  assert(result.err:find("tinylua's state in " .. check.root, 1, true), result.err)
end
check.refused("c has no copy-on-write folder\n  hint: start it with --cow DIR; `tinylua diff` shows the changes of its root", "changes", "c")
check.succeeds("rm", "c")

refused("cow_on_exit: commit: the container has no copy-on-write folder\n  hint: add one: --cow DIR", "--on-exit", "commit", "true")
refused("cow_on_exit: ask needs a terminal and a container in the foreground\n  hint: --on-exit keep; then `tinylua changes` and `apply`", "--on-exit", "ask", "--cow", "/tmp/p", "true")
tiny.write_file("/tmp/bad.lua", [[return require("tiny.container").new { command = "true", cow = { "/tmp/p" }, cow_on_exit = "comit" }]])
refused("/tmp/bad.lua: cow_on_exit: unknown word \"comit\"\n  hint: the words are commit, discard, keep and ask", "/tmp/bad.lua")

-- Mounts in the folder are named, and not shown.
tiny.mount_tmpfs "/tmp/p/sub"
tiny.write_file("/tmp/p/sub/mounted", "")
local words = { "run", "--rm", "--cow", "/tmp/p:/work", "sh", "-c", "test ! -e /work/sub/mounted" }
local store = tiny.stat(check.root)
if store and store.uid ~= 0 then
  return check.refused("cow: \"/tmp/p\": file systems are mounted in it, and only root can leave them out: \"/tmp/p/sub\"\n  hint: unmount them, or name a folder without mounts", table.unpack(words))
end
local result = check.run(words)
check.equal(result.status, 0, result.err)
check.equal(result.err, "tinylua: cow: \"/tmp/p\": the container does not see what is mounted in it: \"/tmp/p/sub\"\n")
check.no_container()
