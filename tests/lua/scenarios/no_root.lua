-- run as an ordinary user: one clear sentence, and nothing in the user's home.
local check = require "check"

tiny.mkdir("/tmp/home")
tiny.chown("/tmp/home", { uid = 65534, gid = 65534 })
local from, into = tiny.pipe()
-- The program is opened before the rights go: its folder may not be the user's to enter.
local child <close> = tiny.fork(function()
  tiny.dup2(into, 2)
  tiny.setuser(65534)
  tiny.exec { "/proc/self/exe", "run", "true", env = { HOME = "/tmp/home", PATH = "/usr/bin:/bin" } }
end)
into:close()
check.equal(child:wait(), 125)
check.equal(from:read(), "a managed container needs root for its mounts and limits\n  hint: sudo tinylua run …\n")
check.equal(#tiny.list_dir("/tmp/home"), 0, "files in the home")
