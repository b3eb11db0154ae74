-- CVE-2017-5226: a program pushes input into the terminal of its caller, which the caller's shell reads (TIOCSTI, TIOCLINUX); without a
-- terminal of its own, it has no controlling terminal.
local attack = require "oci_attack"
local check = require "check"
local oci = require "oci_bundle"

attack.needs_perl()
tiny.write_file("/tmp/inject.pl", [[
for my $fd (0, 1, 2) { open(my $t, "+<&=", $fd); my $done = 0;
  ioctl($t, 0x540E, 1) if $ARGV[0];
  for my $c (split //, "echo INJECTED\n") { $done++ if ioctl($t, 0x5412, $c) } print "pushed $done $fd\n" }
print open(my $t, "+<", "/dev/tty") ? "tty\n" : "none\n"]])

-- Runs the runtime at a terminal of the caller; returns what arrives there, and what could be read as input afterwards.
local function at_terminal(...)
  local master, slave = tiny.openpty("/dev/pts")
  local words = { ... }
  local child <close> = tiny.fork(function()
    tiny.setsid()
    tiny.set_controlling_terminal(slave)
    for number = 0, 2 do tiny.dup2(slave, number) end
    tiny.exec { file = "/proc/self/exe", "tinylua-oci", "--root", oci.root(), table.unpack(words) }
  end)
  child:wait()
  local text = ""
  while #tiny.poll({ master }, 0.2) > 0 do text = text .. (tiny.try(master.read, master) or "") end
  -- What was pushed waits in the input queue of the slave.
  local pushed = #tiny.poll({ slave }, 0) > 0
  slave:close()
  return text:gsub("\r\n", "\n"), pushed
end
local function volume(c) attack.bind(c, "/tmp/inject.pl", "/inject.pl", "ro") end

attack.start("c", { "sleep", "1000" }, volume)
for _, steal in ipairs { "", "1" } do
  for _, way in ipairs {
    { "run", "--bundle", attack.bundle({ "perl", "/inject.pl", steal }, volume), "d" },
    { "exec", "c", "perl", "/inject.pl", steal },
    { "exec", "--user", "1000:1000", "c", "perl", "/inject.pl", steal },
  } do
    local text, pushed = at_terminal(table.unpack(way))
    check.equal(text, "pushed 0 0\npushed 0 1\npushed 0 2\nnone\n", table.concat(way, " "))
    check.equal(pushed, false, "input for the caller")
  end
end
oci.succeeds { "delete", "--force", "c" }
oci.nothing()
