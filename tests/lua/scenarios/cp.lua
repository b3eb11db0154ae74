-- cp: follows the rules of docker cp, for running and stopped containers, and is safe from a container that races it.
local attack = require "attack"
local check = require "check"

local function inside(...) return check.succeeds("exec", "c", ...) end
local function refused(text, ...)
  local result = check.run { "cp", ... }
  check.equal(result.err, "tinylua: " .. text .. "\n")
  check.equal(result.out, "")
  return result.status
end

tiny.mkdir("src/sub", { parents = true })
tiny.write_file("src/file", "text")
tiny.write_file("src/sub/deep", "deep")
tiny.symlink("file", "src/link")
tiny.chown("src/file", { uid = 1234, gid = 1234 })
-- The machine's directory stays unchanged.
tiny.mount_tmpfs("/srv")
tiny.write_file("/srv/secret", "the host's")
check.succeeds("run", "-d", "--name", "c", "sleep", "1000")

-- A directory: to a new name, into a directory, its contents.
check.succeeds("cp", "src", "c:/new")
check.equal(inside("cat", "/new/file", "/new/sub/deep"), "textdeep")
check.succeeds("cp", "src", "c:/new")
check.equal(inside("cat", "/new/src/file"), "text")
check.succeeds("cp", "src/.", "c:srv")
check.equal(inside("cat", "/srv/file"), "text")
check.equal(inside("readlink", "/srv/link"), "file\n")
check.equal(inside("stat", "-c", "%u", "/srv/file"), "0\n")
check.succeeds("cp", "-a", "src/file", "c:/kept")
check.equal(inside("stat", "-c", "%u", "/kept"), "1234\n")
-- A file: to a name, over a file, into a directory; a link itself, or its target.
check.succeeds("cp", "src/file", "c:/tmp/name")
check.succeeds("cp", "src/sub/deep", "c:/tmp/name")
check.succeeds("cp", "src/link", "c:/tmp")
check.succeeds("cp", "-L", "src/link", "c:/tmp/followed")
check.equal(inside("cat", "/tmp/name", "/tmp/followed"), "deeptext")
check.equal(inside("readlink", "/tmp/link"), "file\n")
-- Back, and between containers.
check.succeeds("cp", "c:/new", "back")
check.equal(tiny.read_file("back/src/sub/deep"), "deep")
check.succeeds("cp", "c:/tmp/link", ".")
check.equal(tiny.readlink("link"), "file")
check.succeeds("run", "-d", "--name", "other", "sleep", "1000")
check.succeeds("cp", "c:/new", "other:/srv")
check.equal(check.succeeds("exec", "other", "cat", "/srv/new/file"), "text")
check.succeeds("rm", "-f", "other")

-- Archives.
local archive = check.run({ "cp", "c:/new/sub", "-" }).out
check.equal(check.run({ "cp", "-", "c:/tmp" }, archive).status, 0)
check.equal(inside("cat", "/tmp/sub/deep"), "deep")
tiny.write_file("a.tar", archive)
check.equal(io.popen("tar -tf a.tar"):read("a"), "sub/\nsub/deep\n")
check.equal(check.run({ "cp", "-", "c:/tmp" }, "no archive").status, 125)

-- Invalid requests.
check.equal(refused("nowhere does not exist", "nowhere", "c:/"), 125)
check.equal(refused("c:/nowhere does not exist", "c:/nowhere", "."), 125)
check.equal(refused("the directory of c:/no/x does not exist\n  hint: create it first", "src/file", "c:/no/x"), 125)
check.equal(refused("the directory c:/no/ does not exist\n  hint: omit the trailing / to copy to that name", "src/file", "c:/no/"), 125)
check.equal(refused("c:/kept is a file: the directory src is not copied over it\n  hint: name a directory, or a new name", "src", "c:/kept"), 125)
check.equal(refused("c:/kept is not a directory: an archive is unpacked into one\n  hint: create it first", "-", "c:/kept"), 125)
check.equal(refused("neither side is in a container\n  hint: write a file in a container as CONTAINER:PATH", "src", "back"), 2)
check.equal(refused("both sides are -\n  hint: name a container's file on one side", "-", "-"), 2)
check.equal(refused('"c:" names no file in the container\n  hint: c:/ is its root', "src", "c:"), 2)
check.equal(refused('no such container: "nobody"\n  hint: `tinylua ps -a` lists them', "src", "nobody:/"), 125)
check.equal(refused(("%s contains the container's own files, and cannot be copied into it\n  hint: copy its files one by one"):format(check.root),
  check.root, "c:/tmp"), 125)
assert(check.run({ "cp", "src/file", "c:/sys/x" }).err:match("^tinylua: cannot copy src/file to c:/sys/x: E"), "a place that takes no files")
assert(check.run({ "cp", "c:/dev/null", "n" }).err:match("it is a device%)\n  hint: devices are copied only in archive mode"), "device")
check.equal(tiny.stat("n"), nil)

-- Devices in a tree are skipped and reported; hard links and capabilities arrive in the container.
tiny.mkdir("tree")
tiny.write_file("tree/program", "x")
tiny.setxattr("tree/program", "security.capability", { value = "\1\0\0\2\0\32" .. ("\0"):rep(14) })
os.execute("ln tree/program tree/same; mknod tree/null c 1 3; mknod tree/zero c 1 5")
local skipped = check.run { "cp", "tree", "c:/tree" }
check.equal(skipped.status, 1)
check.equal(skipped.err, "tinylua: 2 devices were skipped; -a copies devices\n")
check.equal(check.run({ "cp", "-q", "tree/.", "c:/tree" }).err, "")
check.equal(inside("sh", "-c", "ls /tree; stat -c %h /tree/same; getcap /tree/program"), "program\nsame\n2\n/tree/program cap_net_raw=ep\n")
for _ = 1, 2 do check.succeeds("cp", "-a", "tree/.", "c:/tree") end
check.equal(inside("sh", "-c", "stat -c '%F %t,%T' /tree/zero"), "character special file 1,5\n")
-- What a container says of its files gives them no privileges on the host, unless asked to.
check.equal(check.run({ "cp", "c:/tree", "tree2" }).status, 1)
check.equal(io.popen("getcap tree2/program"):read("a"), "")
check.succeeds("cp", "-a", "c:/tree", "tree3")
check.equal(io.popen("getcap tree3/program"):read("a"), "tree3/program cap_net_raw=ep\n")

-- Links of the container lead nowhere on the host.
inside("sh", "-c", "mkdir -p /srv; ln -s /../../srv /tmp/out; ln -s /srv/secret /tmp/secret; echo inside >/srv/secret")
check.succeeds("cp", "src/file", "c:/tmp/out/planted")
check.equal(tiny.stat("/srv/planted"), nil)
check.equal(inside("cat", "/srv/planted"), "text")
check.succeeds("cp", "-L", "c:/tmp/secret", "got")
check.equal(tiny.read_file("got"), "inside\n")

-- A container that swaps a directory and a link as fast as it can (CVE-2018-15664): the result is a file of the
-- container or an error, never the host's, and nothing is written on the host. The attacker works through its own root,
-- like a program in the container. (attacks/cp_links makes the swap at the worst moment every time.)
inside("sh", "-c", "mkdir -p /race/swap /into/swap; echo inside >/race/swap/secret")
local root, swaps = ("/proc/%s/root"):format(check.succeeds("inspect", "--format", "state.pid", "c"):match("%d+")), {}
for _, folder in ipairs { "/race/swap", "/into/swap" } do
  for _, target in ipairs { "/srv", "../../../../../srv" } do table.insert(swaps, attack.swap(root .. folder, target)) end
end
local stop_racing = attack.loop(function(i) swaps[i % #swaps + 1]() end)
local good, failed, planted, kinds, i, begin = 0, 0, 0, {}, 0, tiny.clock("monotonic")
repeat
  i = i + 1
  local out = check.run { "cp", "c:/race/swap/secret", "stolen" }
  if out.status == 0 then
    good = good + 1
    check.equal(tiny.read_file("stolen"), "inside\n", "read from the host")
    tiny.remove("stolen")
  else
    failed = failed + 1
    check.equal(tiny.stat("stolen"), nil)
  end
  if check.run({ "cp", "src/file", "c:/into/swap/planted" }).status == 0 then planted = planted + 1 end
  if check.run({ "cp", "src/.", "c:/into/swap/." }).status == 0 then planted = planted + 1 end
  local tree = "tree" .. i
  check.run { "cp", "c:/race/.", tree }
  local swap = tiny.stat(tree .. "/swap", { follow = false })
  if swap then
    kinds[swap.kind] = true
    if swap.kind == "dir" then check.equal(tiny.read_file(tree .. "/swap/secret") or "inside\n", "inside\n") end
    if swap.kind == "link" then assert(tiny.readlink(tree .. "/swap"):match("^[./]*/srv$")) end
  end
  check.equal(table.concat(tiny.list_dir("/srv"), " "), "secret", "nothing is planted on the host")
  local tried = good > 0 and failed > 0 and planted > 0 and kinds.dir and kinds.link
until i == 500 or tried and tiny.clock("monotonic") - begin > 8
check.equal(tiny.read_file("/srv/secret"), "the host's")
local count = stop_racing()
print(("racing: %d swaps; %d copied, %d refused, %d planted in the container"):format(count, good, failed, planted))
assert(count > 1000 and good > 0 and failed > 0 and planted > 0, "really raced")
assert(kinds.dir and kinds.link, "copied as a folder and as a link")

-- A container that has exited has its files as long as it is recorded; nothing stays mounted.
local mounts = #tiny.mounts()
check.succeeds("stop", "-t", "0", "c")
check.equal(#tiny.mounts(), mounts)
check.succeeds("cp", "c:/new/file", "later")
check.equal(tiny.read_file("later"), "text")
check.succeeds("cp", "later", "c:/put")
check.equal(#tiny.mounts(), mounts)
check.succeeds("start", "c")
check.equal(inside("cat", "/put"), "text")
check.succeeds("rm", "-f", "c")

-- A container with a rootfs, and a read-only volume.
os.execute("mkdir -p root/bin vol; cp /bin/true root/bin/true")
tiny.write_file("r.lua", [[return require "tiny.container".new { name = "r", rootfs = "/tmp/root", command = { "/bin/true" },
  volumes = { "/tmp/vol:/vol:ro" } }]])
tiny.write_file("vol/there", "in the volume")
check.succeeds("create", "r.lua")
check.succeeds("cp", "src/file", "r:/placed")
check.equal(tiny.read_file("root/placed"), "text")
check.succeeds("cp", "r:/vol/there", "from-volume")
check.equal(tiny.read_file("from-volume"), "in the volume")
assert(check.run({ "cp", "src/file", "r:/vol/" }).err:match("EROFS: Read%-only file system.*hint: the target is on a read%-only mount"))
check.equal(#tiny.list_dir("vol"), 1)
check.succeeds("rm", "r")
check.no_container()
