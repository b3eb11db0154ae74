-- no_new_privs: setuid programs no longer grant privileges.
local check = require "check"

local function euid_of_setuid_program(forbid)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.setuser(65534)
    if forbid then tiny.no_new_privs() end
    tiny.exec { "/tmp/suid/grep", "^Uid", "/proc/self/status" }
  end)
  into:close()
  return from:read():match("^Uid:%s+%d+%s+(%d+)")
end

-- /tmp itself is mounted nosuid in a test's private host.
tiny.mkdir("/tmp/suid")
local suid <close> = tiny.mount_tmpfs("/tmp/suid")
tiny.write_file("/tmp/suid/grep", tiny.read_file("/bin/grep"), { mode = tonumber("4755", 8) })
check.equal(euid_of_setuid_program(false), "0", "with the setuid bit")
check.equal(euid_of_setuid_program(true), "65534", "with no_new_privs")
check.inside({}, function()
  tiny.no_new_privs()
  check.equal(tiny.read_file("/proc/self/status"):match("NoNewPrivs:%s+(%d)"), "1")
end)
check.refuses("takes at most 0 arguments: no_new_privs()", tiny.no_new_privs, true)
