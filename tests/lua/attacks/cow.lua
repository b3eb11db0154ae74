-- A container fills its copy-on-write folder with what is to mislead or to stop the one who reviews and applies it.
local check = require "check"

local P = "/tmp/project"
tiny.mkdir(P)
tiny.write_file(P .. "/file", "a\n")
tiny.write_file("/tmp/secret", "canary")

-- Names that control a terminal, that look like other rows, and links to the host's files; FIFOs and devices in place of files;
-- a tree deeper than any path; attributes without end; a huge sparse file; a link as large as one can be.
check.succeeds("run", "--name", "c", "--cow", P .. ":/work", "sh", "-c", [[
  cd /work && rm file && mkfifo file && mknod null c 1 3; mkfifo fifo
  touch "$(printf 'a\033[2J\033]0;owned\007')" "$(printf 'b\nadded    /tmp/project/innocent')" "$(printf 'c\342\200\256gnp.exe')"
  ln -s /tmp/secret link; ln -s ../../../../tmp up; mkdir real; ln -s real/../.. sly
  truncate -s 8E huge || truncate -s 1T huge; printf end >>huge || :
  d=$(printf %0250d 0); mkdir deep; cd deep; i=0; while [ $i -lt 20 ]; do mkdir $d; cd $d; i=$((i+1)); done; : >bottom; cd /work
  echo last >z]])
local listed = check.run { "changes", "c" }
check.equal(listed.status, 0, listed.err)
for _, bad in ipairs { "\27", "\7", "\nadded    /tmp/project/innocent", "\226\128\174" } do assert(not listed.out:find(bad, 1, true), listed.out) end
for _, want in ipairs { "\\x1b[2J", "never applied: a fifo", "its path is too long", "link -> /tmp/secret  leads out of the folder", "added    /tmp/project/z\n" } do
  assert(listed.out:find(want, 1, true), want .. listed.out)
end
local json = tiny.json_decode(check.succeeds("changes", "--format", "json", "c"))
assert(#json > 10)
local difference = check.run { "changes", "--diff", "c" }
check.equal(difference.status, 0, difference.err)
assert(not (difference.out .. difference.err):find("canary", 1, true), difference.out)
assert(difference.out:find("Files /dev/null and b/huge differ (large)", 1, true), difference.out)
-- The FIFO is not opened, and the file of the host stays.
local applied = check.run { "apply", "c" }
check.equal(applied.status, 0, applied.err)
check.equal(tiny.read_file(P .. "/file"), "a\n")
check.equal(tiny.read_file(P .. "/z"), "last\n")
check.equal(tiny.readlink(P .. "/link"), "/tmp/secret")
check.equal(tiny.stat(P .. "/null"), nil)
check.equal(tiny.stat(P .. "/huge").size > 1 << 39, true)
-- The tree is applied as deep as a path can be.
assert(tiny.stat(P .. "/deep"))
local text = check.succeeds("changes", "c")
for line in text:gmatch("[^\n]+") do assert(line:find("^skipped"), line) end
check.succeeds("discard", "c")
check.equal(check.succeeds("changes", "c"), "")
check.succeeds("rm", "c")

-- What is above the folder is out of reach, by any spelling; a path is applied only if it is one of the changes.
check.succeeds("run", "--name", "c", "--cow", P .. ":/work", "sh", "-c", "echo x >/work/x; mkdir -p /work/../work2; echo y >/work/../y; ln -s / /work/root")
for _, path in ipairs { "..", "../secret", "/tmp/secret", "x/../../secret", "root/tmp/secret", "/work/../tmp/secret", P .. "/../secret" } do
  local refused = check.run { "apply", "c", path }
  check.equal(refused.status, 125, path)
  assert(refused.err:find("is not among the changes of c", 1, true), refused.err)
end
check.succeeds("apply", "c")
check.equal(tiny.read_file "/tmp/secret", "canary")
check.equal(tiny.stat "/tmp/y", nil)

-- A directory of the folder becomes a link of the container's, which the host's files must not be written through.
tiny.mkdir(P .. "/dir")
tiny.write_file(P .. "/dir/f", "f")
tiny.mkdir "/tmp/outside"
check.succeeds("rm", "c")
check.succeeds("run", "--name", "c", "--cow", P .. ":/work", "sh", "-c", "cd /work && rm -r dir && ln -s /tmp/outside dir && rm root && mkdir root && echo z >root/z")
check.succeeds("apply", "c")
check.equal(tiny.readlink(P .. "/dir"), "/tmp/outside")
check.succeeds("rm", "c")
-- Now the container sees the link, and what it writes through it is its own.
check.succeeds("run", "--name", "c", "--cow", P .. ":/work", "sh", "-c", "mkdir -p /tmp/outside; echo evil >/work/dir/evil")
check.equal(check.succeeds("changes", "c"), "")
check.equal(#tiny.list_dir "/tmp/outside", 0)
check.succeeds("rm", "c")
-- A hard link to a file that is not in the folder cannot be made: the folder is a file system of its own.
local linked = check.run { "run", "--rm", "--cow", P .. ":/work", "ln", "/etc/passwd", "/work/passwd" }
check.equal(linked.status, 1, linked.err)
-- The container has no access to the marks of the overlay, nor to the directory with its changes.
local marks = check.run { "run", "--rm", "--on-exit", "discard", "--cow", P .. ":/work", "sh", "-c", "mkdir /work/m; python3 -c 'import os; os.setxattr(\"/work/m\", \"trusted.overlay.opaque\", b\"y\")'" }
assert(marks.status ~= 0, "the mark was set")
check.no_container()
