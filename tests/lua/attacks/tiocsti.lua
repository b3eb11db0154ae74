-- CVE-2017-5226: a program injects input into its caller's terminal, which the caller's shell then reads.
local sit = require "person"

local INJECT = [[for my $fd (0, 1, 2) { open(my $t, "+<&=", $fd); my $done = 0;
  for my $c (split //, "echo INJECTED\n") { $done++ if ioctl($t, 0x5412, $c) } print "\npushed $done $fd\n" } print open(my $t, "+<", "/dev/tty") ? "tty\n" : "none\n"]]

for _, way in ipairs { { "run", "--rm", "-i", "perl", "-e", INJECT }, { "run", "--rm", "-i", "-u", "nobody", "perl", "-e", INJECT } } do
  local person = sit(table.unpack(way))
  for fd = 0, 2 do person:sees("pushed 0 " .. fd) end
  person:sees("none")
  person:leaves()
end
-- exec is protected too; with -t, the input is injected into its own terminal.
local box = sit("run", "-it", "--name", "box", "sh", "-c", "echo here; read x; echo got $x")
box:sees("here\r\n")
local other = sit("exec", "-i", "box", "perl", "-e", INJECT)
for fd = 0, 2 do other:sees("pushed 0 " .. fd) end
other:leaves()
box:type("typed\n")
box:sees("got typed\r\n")
box:leaves()
