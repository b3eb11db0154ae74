-- umask: new files lack these bits, also in children; files whose mode is given have that mode.
local check = require "check"

local function mask() return (tiny.read_file("/proc/self/status"):match("\nUmask:%s+(%d+)")) end

check.inside({}, function()
  tiny.umask(tonumber("27", 8))
  check.equal(mask(), "0027")
  check.equal(tiny.umask(tonumber("77", 8)), tonumber("27", 8), "the previous one")
  check.inside({}, function() check.equal(mask(), "0077", "in a child") end)
  io.open("file", "w"):close()
  check.equal(tiny.stat("file").mode, tonumber("600", 8))
  tiny.mkdir("dir", { mode = tonumber("755", 8) })
  check.equal(tiny.stat("dir").mode, tonumber("755", 8))
  tiny.write_file("other", "", { mode = tonumber("644", 8) })
  check.equal(tiny.stat("other").mode, tonumber("644", 8))
  tiny.umask(0)
  io.open("open", "w"):close()
  check.equal(tiny.stat("open").mode, tonumber("666", 8))
end)
check.refuses("mask: 512 is not an integer from 0 to 511", tiny.umask, 512)
