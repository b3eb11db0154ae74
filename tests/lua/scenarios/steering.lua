-- The name or content of a container or of another user's file does not control the terminal, neither in lists nor in
-- errors.
local check = require "check"

local format = require "tiny.format"
check.equal(format.clean("a\27[2J\u{9b}1m\u{85}\u{2500}é"), "a\\x1b[2J\\xc2\\x9b1m\\xc2\\x85─é")
check.equal(format.clean("\xc3\x82\xc2\xa0"), "\xc3\x82\xc2\xa0")

-- A name that the kernel refuses.
local NAME = "no\27]0;x\7\u{9b}2J"
local ran = check.run { "run", "--rm", NAME }
check.equal(ran.status, 127)
assert(not ran.err:find("[\27\7]") and not ran.err:find("\u{9b}", 1, true), ran.err)
assert(ran.err:find("no\\u{1b}]0;x\\u{7}\\u{9b}2J (not in PATH", 1, true), ran.err)

-- A recipe's own text, at a terminal.
tiny.mkdir("/tmp/pts")
tiny.mount_devpts("/tmp/pts", {})
local master, slave = tiny.openpty("/tmp/pts")
tiny.write_file("/tmp/says.lua", "error('it\27]0;x\7 says\u{9b}2J')\n")
local child <close> = tiny.fork(function()
  tiny.setsid()
  for number = 0, 2 do tiny.dup2(slave, number) end
  tiny.exec { env = { NO_COLOR = "1", HOME = "/tmp" }, "/proc/self/exe", "--root", check.root, "run", "/tmp/says.lua" }
end)
slave:close()
local said = ""
for bytes in function() return (tiny.try(master.read, master)) end do said = said .. bytes end
check.equal(child:wait(), 125)
assert(said:find("/tmp/says.lua:1: it\\u{1b}]0;x\\u{7} says\\u{9b}2J", 1, true), said)
assert(not said:find("[\27\7]") and not said:find("\u{9b}", 1, true), said)
