-- access: what this process may do with a file, by its effective ids and capabilities, below a root.
local check = require "check"

local function told(...) return table.concat({ tostring((tiny.access(...))), select(2, tiny.access(...)) }, " ") end

tiny.write_file("program", "", { mode = tonumber("744", 8) })
tiny.write_file("data", "", { mode = tonumber("600", 8) })
tiny.mkdir("private", { mode = tonumber("700", 8) })
tiny.write_file("private/file", "", { mode = tonumber("777", 8) })
tiny.symlink("/data", "link")
tiny.symlink("/nowhere", "dangling")

-- Root: everything but what nobody may execute.
check.equal(told("program", "rwx"), "true")
check.equal(told("data", "rw"), "true")
check.equal(told("data", "x"), "false EACCES")
check.equal(told("nothing", "x"), "false ENOENT")
check.equal(told("nothing", ""), "false ENOENT")
check.equal(told("data", ""), "true")
check.equal(told("data/below", "r"), "false ENOTDIR")
-- Below a root, links stay there.
check.equal(told("link", "r"), "false ENOENT")
check.equal(told("link", "r", { root = "/tmp" }), "true")
check.equal(told("dangling", "r", { root = "/tmp" }), "false ENOENT")

-- Another user, by the effective id.
check.inside({}, function()
  tiny.setuser(4321)
  check.equal(told("/tmp/program", "r"), "true")
  check.equal(told("/tmp/program", "x"), "false EACCES")
  check.equal(told("/tmp/program", "w"), "false EACCES")
  check.equal(told("/tmp/program", "rw"), "false EACCES")
  check.equal(told("/tmp/data", ""), "true")
  check.equal(told("/tmp/private", "x"), "false EACCES")
  check.equal(told("/tmp/private/file", "r"), "false EACCES", "no way there")
end)
-- Capabilities that are not effective do not count, although the real user is root.
check.inside({}, function()
  tiny.chown("program", { uid = 4321, gid = 4321 })
  check.equal(told("program", "w"), "true")
  tiny.set_caps { effective = {} }
  check.equal(told("data", "r"), "true")
  check.equal(told("program", "w"), "false EACCES")
end)

-- The flags of the mount.
tiny.mkdir("m")
local m <close> = tiny.mount_tmpfs("m", { noexec = true, mode = tonumber("755", 8) })
tiny.write_file("m/program", "", { mode = tonumber("755", 8) })
check.equal(told("m/program", "r"), "true")
check.equal(told("m/program", "x"), "false EACCES")
tiny.remount_ro("m")
check.equal(told("m/program", "w"), "false EROFS")

check.refuses("mode: 'q' is not one of the letters r, w and x", tiny.access, "data", "rq")
