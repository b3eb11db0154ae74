-- cow_make: upper has the owner, mode and attributes of the folder; changes of an earlier run keep the time of its start.
local check = require "check"
local maker = require "cow_maker"

maker.run "mkdir -p folder && echo a >folder/a && chown 7:8 folder && chmod 1750 folder"
tiny.try(tiny.setxattr, "folder", "user.note", { value = "note" })
tiny.mkdir "place"
tiny.cow_make("place", "folder")
local upper = tiny.stat "place/upper"
for key, value in pairs { uid = 7, gid = 8, mode = tonumber("1750", 8), kind = "dir" } do check.equal(upper[key], value, key) end
check.equal(tiny.getxattr("place/upper", "user.note"), tiny.getxattr("folder", "user.note"))
check.equal(tiny.read_file "place/start", ("1 trusted.overlay. %d\n"):format(tiny.stat("folder").ino))

-- Without changes, each start is the first; with changes, the first one counts.
tiny.poll({}, 0.02)
tiny.write_file("folder/a", "changed before the second start")
tiny.cow_make("place", "folder")
maker.change("folder", "place", "echo x >>a")
check.equal(maker.list("place", "folder"), "changed file a")
tiny.poll({}, 0.02)
tiny.write_file("folder/a", "changed after the start")
tiny.cow_make("place", "folder")
check.equal(maker.list("place", "folder"), "changed file a !it changed on the host meanwhile")

tiny.mkdir "other"
tiny.cow_make("other", "folder", { userxattr = true })
check.equal(tiny.read_file("other/start"):match("%S+ (%S+)"), "user.overlay.")

-- The folder was replaced by another one.
maker.run "mv folder away && mkdir folder"
check.fails("ESTALE", tiny.cow_make, "place", "folder")
check.fails("ESTALE", tiny.cow_changes, "place", "folder")
check.fails("ENOENT", tiny.cow_make, "nowhere", "folder")
check.fails("ENOENT", tiny.cow_make, "place", "nowhere")
tiny.write_file("place/start", "what?")
check.fails("EINVAL", tiny.cow_changes, "place", "away")
