-- cow_discard: the container sees the folder's files again; the folder is not changed.
local check = require "check"
local maker = require "cow_maker"

maker.folder "folder"
local before = maker.shown("folder", true)
maker.change("folder", "place", maker.CHANGES .. " && mkfifo fifo")
tiny.cow_discard("place", "folder", { paths = { "keep", "again/r", "again/new", "gone", "fifo" } })
local left = maker.list("place", "folder")
for _, path in ipairs { "keep", "again/", "gone", "fifo" } do assert(not left:find(" " .. path, 1, true), left) end
assert(left:find("added file to-dir/in", 1, true), left)
check.equal(maker.change("folder", "place", "cat keep/a again/r gone/deep/g >/dev/null && test ! -e again/new && test -d to-dir", true) ~= "", true)
check.equal(maker.shown("folder", true), before)
tiny.cow_discard("place", "folder")
check.equal(maker.list("place", "folder"), "")
check.equal(#tiny.list_dir "place/upper", 0)
check.equal(maker.shown("folder", true), before)

for _, path in ipairs { "../folder", "keep/../..", "/keep", ".", "" } do check.fails("EINVAL", tiny.cow_discard, "place", "folder", { paths = { path } }) end
tiny.cow_discard("place", "folder", { paths = { "never/was" } })
