-- cow_apply: the folder becomes what the container saw, with owners, modes, times, links, holes and attributes; conflicts are
-- left; parts can be applied, one after another; no temporary file is left.
local check = require "check"
local maker = require "cow_maker"

maker.folder "folder"
local wanted = maker.change("folder", "place", maker.CHANGES .. " && mkfifo fifo")
-- On tmpfs since Linux 6.6.
local _, unable = tiny.try(tiny.setxattr, "place/upper/tool", "user.note", { value = "a\0b" })
local attributes = not unable
if attributes then tiny.setxattr("place/upper/tool", "user.overlay.opaque", { value = "y" }) end
-- cap_net_raw+ep
tiny.setxattr("place/upper/holes", "security.capability", { value = "\1\0\0\2\0\32\0\0\0\0\0\0\0\0\0\0\0\0\0\0" })
local done = tiny.cow_apply("place", "folder")
check.equal(#done.conflicts + #done.failed, 0)
check.equal(done.skipped[1].path, "fifo")
check.equal(done.skipped[1].reason, "a fifo")
local got = maker.shown("folder", true)
-- The attributes were not there when the tree was written down, and the FIFO is never applied.
local function plain(text)
  local lines = {}
  for line in text:gmatch("[^\n]+") do
    if not line:find("^fifo ") and not line:find("^tool ") and not line:find("^holes ") then table.insert(lines, line) end
  end
  return table.concat(lines, "\n")
end
check.equal(plain(got), plain(wanted))
check.equal(tiny.getxattr("folder/tool", "user.note"), attributes and "a\0b" or nil)
if attributes then check.equal(tiny.getxattr("folder/tool", "user.overlay.opaque"), nil) end
check.equal(#tiny.getxattr("folder/holes", "security.capability"), 20)
check.equal(tiny.stat("folder/tool").mode, tonumber("4755", 8))
assert(tonumber(assert(io.popen "du -k folder/holes"):read("a"):match("%d+")) < 1024, "the holes are kept")
check.equal(maker.list("place", "folder"), "skipped fifo fifo !a fifo")
check.equal(table.concat(tiny.list_dir "place/upper", " "), "fifo")

-- In parts: a path in a new directory takes its directory along, if that is named; then the container changes it again.
maker.run "mkdir -p f2/was && echo a | tee f2/a f2/was/a f2/was/b >f2/b"
maker.change("f2", "p2", "echo x >>a && echo x >>b && mkdir new && echo 1 >new/one && echo 2 >new/two && rm -r was && mkdir was && echo c >was/c")
check.equal(maker.apply("p2", "f2", { "new", "new/one" }), 2)
check.equal(maker.list("p2", "f2"), "added file new/two\nadded file was/c\nchanged file a\nchanged file b\ndeleted file was/a\ndeleted file was/b")
check.equal(maker.apply("p2", "f2", { "a", "was/c", "was/a" }), 3)
check.equal(maker.list("p2", "f2"), "added file new/two\nchanged file b\ndeleted file was/b")
maker.change("f2", "p2", "echo y >>a && echo y >>new/one && grep -q x a && ! test -e was/b && test -e was/c")
check.equal(maker.list("p2", "f2"), "added file new/two\nchanged file a\nchanged file b\nchanged file new/one\ndeleted file was/b")
check.equal(maker.apply("p2", "f2"), 5)
check.equal(tiny.read_file "f2/a", "a\nx\ny\n")
check.equal(tiny.read_file "f2/new/one", "1\ny\n")
check.equal(table.concat(tiny.list_dir "f2/was", " "), "c")
check.equal(#tiny.list_dir "p2/upper", 0)

-- Conflicts are left on both sides, and everything else is applied.
maker.run "mkdir -p f3/d/e && echo a | tee f3/mod f3/fine f3/d/e/f >f3/rm"
maker.change("f3", "p3", "echo x >>mod && echo x >>fine && rm -r d && rm rm && echo n >new")
tiny.poll({}, 0.02)
maker.run "cd f3 && echo h >>mod && echo h >>d/e/f && echo h >new"
local third = tiny.cow_apply("p3", "f3")
check.equal(third.applied, 2)
check.equal(#third.conflicts, 3)
check.equal(tiny.read_file "f3/mod", "a\nh\n")
check.equal(tiny.read_file "f3/d/e/f", "a\nh\n")
check.equal(tiny.read_file "f3/new", "h\n")
check.equal(tiny.read_file "f3/fine", "a\nx\n")
check.equal(tiny.stat "f3/rm", nil)
maker.run "! find . -name '.tinylua-*' | grep ."
check.equal(tiny.read_file("p3/upper/mod"), "a\nx\n")

-- Two names of a file of the host, both changed: that the first loses a name is no conflict of the second.
maker.run "mkdir f4 && echo a >f4/one && ln f4/one f4/two"
maker.change("f4", "p4", "echo x >>one && echo y >>two")
check.equal(maker.apply("p4", "f4"), 2)
check.equal(tiny.read_file "f4/one" .. tiny.read_file "f4/two", "a\nx\na\ny\n")

-- What the kernel refuses does not stop the others: a file that is the root of a mount.
maker.run "mkdir f5 && echo a | tee f5/busy >f5/free"
maker.change("f5", "p5", "echo x >>busy && echo x >>free")
check.inside({ mount = true }, function()
  tiny.mount_bind("f4/one", "f5/busy")
  local fifth = tiny.cow_apply("p5", "f5")
  check.equal(fifth.applied, 1)
  check.equal(#fifth.conflicts + #fifth.failed, 1)
end)
check.equal(tiny.read_file "f5/free", "a\nx\n")
check.equal(tiny.read_file "f5/busy", "a\n")
maker.run "! find . -name '.tinylua-*' | grep ."

-- A mount in a directory that is to be removed is not touched.
maker.run "mkdir -p f6/d/m && echo a >f6/d/a"
maker.change("f6", "p6", "rm -r d")
check.inside({ mount = true }, function()
  tiny.mount_tmpfs "f6/d/m"
  tiny.write_file("f6/d/m/precious", "")
  check.equal(#tiny.cow_apply("p6", "f6").conflicts, 1)
  assert(tiny.stat "f6/d/m/precious" and tiny.stat "f6/d/a")
end)
