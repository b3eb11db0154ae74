-- isatty: true for terminals only.
local check = require "check"

tiny.mount_devpts("pts", { create = true })
local master <close> = tiny.open("pts/ptmx", { read = true, write = true })
-- TIOCSPTLCK unlocks the other end of the terminal (tty_ioctl(4)).
local child <close> = tiny.fork(function()
  tiny.dup2(master, 0)
  tiny.exec { "perl", "-e", [[my $unlocked = pack("i", 0); ioctl(STDIN, 0x40045431, $unlocked) or die $!]] }
end)
check.equal(child:wait(), 0)
check.inside({}, function()
  local terminal = tiny.open("pts/0", { read = true, write = true })
  check.equal(tiny.isatty(0), false)
  tiny.dup2(terminal, 0)
  check.equal(tiny.isatty(0), true)
  tiny.dup2(tiny.open("/dev/null"), 0)
  check.equal(tiny.isatty(0), false)
  local from = tiny.pipe()
  tiny.dup2(from, 0)
  check.equal(tiny.isatty(0), false)
end)
check.refuses("number: -1 is not an integer from 0 to 2", tiny.isatty, -1)
