-- c.ask() of on_connect: at the terminal of a foreground run, at the container's own terminal, and without an answer.
local check = require "check"
local rig = require "egress_rig"
local sit = require "person"

rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE } }, ["other.test"] = { A = { rig.TWO } } }
tiny.write_file("/tmp/recipe.lua", [[
return require("tiny.container").new { name = "c", network = "six", on_connect = function(ctx, c) return c.ask() end,
  command = "echo ready; while read addr port; do perl -MIO::Socket::IP -e 'print IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1], Timeout => 5) ? qq(got it\n) : qq($!\n)' $addr $port </dev/null; done" }]])

-- Typed before the question, a key answers nothing: it is the container's input.
for _, words in ipairs { { "-i" }, { "-it" } } do
  local own = words[1] == "-it"
  local one = sit("run", "--rm", words[1], "/tmp/recipe.lua")
  one:sees("ready")
  local enter = own and "" or "\n"
  one:type("api.test 443\n")
  one:sees("tinylua: c: /%S+perl %(pid %d+%) connects to api%.test:443/tcp %(198%.51%.100%.7%)%. Allow%? y%(es%), n%(o%), a%(lways in this run%): ")
  one:type("y" .. enter)
  one:sees("got it")
  one:type("api.test 443\n")
  one:sees("Allow%?.*: ")
  one:type("n" .. enter)
  one:sees("Connection refused")
  one:type("198.51.100.8 80\n")
  one:sees("connects to 198%.51%.100%.8 port 80/tcp%. Allow%?.*: ")
  one:type("a" .. enter)
  one:sees("got it")
  one:type("198.51.100.8 80\n")
  one:sees("got it") -- without a question
  one:type("\4")
  check.equal(one:leaves(), 0)
end

-- Ctrl-C at the question is the run's.
local one = sit("run", "--rm", "-i", "/tmp/recipe.lua")
one:sees("ready")
one:type("other.test 443\n")
one:sees("Allow%?.*: ")
one:type("\3")
one:sees("\n")
one:type("\3")
one:leaves()

-- Without a terminal.
local result = check.run({ "run", "--rm", "-i", "/tmp/recipe.lua" }, "198.51.100.8 443\n")
check.equal(result.out, "ready\nConnection refused\n")
rig.down()
