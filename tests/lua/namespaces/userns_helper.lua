-- userns_helper: newuidmap is found in PATH, and refused if another user could have written it.
local check = require "check"

-- With this PATH, in a child, because PATH belongs to the process.
local function with(path)
  local child <close> = tiny.fork(function()
    tiny.exec { "/proc/self/exe", "--lua-path", "/", "run", "/tmp/ask.lua", env = { PATH = path } }
  end)
  return child:wait()
end

tiny.write_file("ask.lua", [[
local _, err = tiny.try(tiny.userns_helper, "newuidmap")
tiny.write_file("/tmp/said", err and tostring(err.code) .. " " .. err.message .. "\n" .. err.hint or "found")
]])
local function said(path)
  check.equal(with(path), 0, "the asking recipe")
  return tiny.read_file("/tmp/said")
end

local INSTALL = "install the package uidmap (shadow-utils on other distributions), which contains newuidmap and newgidmap"
tiny.mkdir("bin")
local missing = said("/tmp/bin:relative")
assert(missing:find("^ENOENT .*newuidmap %(it is not in PATH, and mapping more than the user's own id needs it%)\n"), missing)
assert(missing:find(INSTALL, 1, true), missing)

tiny.write_file("bin/newuidmap", "#!/bin/sh\n", { mode = tonumber("755", 8) })
local plain = said("/tmp/bin")
assert(plain:find("^EPERM .*/tmp/bin/newuidmap %(the program has neither the set%-user%-ID bit nor file capabilities%)\n"), plain)

assert(os.execute("chmod 4775 /tmp/bin/newuidmap"))
local writable = said("/tmp/bin")
assert(writable:find("^EPERM .*%(users other than root can write to this program%)\n"), writable)
assert(os.execute("chmod 4755 /tmp/bin/newuidmap"))
check.equal(said("/tmp/bin"), "found")
tiny.chown("bin/newuidmap", { uid = 7, gid = 7 })
assert(os.execute("chmod 4755 /tmp/bin/newuidmap"))
assert(said("/tmp/bin"):find("^EPERM .*%(users other than root"))

check.refuses([[name: "sudo" is not one of "newuidmap"|"newgidmap"]], tiny.userns_helper, "sudo")
